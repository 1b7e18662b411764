import { describe, expect, test } from 'vitest';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { studentFromModel } from '../student/layersModel.ts';
import type { PortableStudent } from '../student/student.ts';
import { createEngine, type TrainSource } from './engine.ts';
import {
  bytesOf,
  CLASSES,
  engineOn,
  expectClose,
  FEATURES,
  holdout,
  ignore,
  makeJob,
  never,
  problem,
  SIZE,
  sourceOf,
  student,
} from './engineCases.ts';

describe.each(['cpu', 'wasm'] as const)('an engine on %s', (backendName) => {
  const { engine, train } = engineOn(backendName);

  test('stops within an epoch, and returns the student as it is then', async () => {
    const controller = new AbortController();
    const source = sourceOf(problem);
    let reads = 0;
    const read: TrainSource['read'] = (indices) => {
      if (++reads === 4) controller.abort(new Error('enough'));
      return source.read(indices);
    };
    const { artifacts, error, epochs } = await train({ epochs: 3 }, { ...source, read }, controller.signal);
    expect(error).toMatchObject({ name: 'AbortError', message: expect.stringContaining('enough') });
    expect(epochs).toEqual([]);
    const before = await train({ size: 0, epochs: 0 });
    expect(bytesOf(artifacts)).not.toEqual(bytesOf(before.artifacts));
    const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
    expect(model.countParams()).toBe(FEATURES * 16 + 16 + 16 * CLASSES + CLASSES);
    model.dispose();
    const outputs = await engine.predict({ kind: 'artifacts', artifacts }, { input: holdout.inputs });
    expect(outputs['logits']?.data.every(Number.isFinite)).toBe(true);
  });

  test('takes no step if it was stopped before, and says so at once', async () => {
    await expect(train({}, sourceOf(problem), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('ends with "not-finite" for a batch with NaN, with the student as before', async () => {
    const source = sourceOf(problem);
    let reads = 0;
    const spoilt: TrainSource = {
      ...source,
      async read(indices) {
        const batch = await source.read(indices);
        if (++reads === 5) batch.inputs['input']?.data.fill(Number.NaN, 3, 4);
        return batch;
      },
    };
    const { artifacts, error } = await train({}, spoilt);
    expect(error).toMatchObject({ code: 'not-finite', message: expect.stringContaining('epoch 1, step 5') });
    const outputs = await engine.predict({ kind: 'artifacts', artifacts }, { input: holdout.inputs });
    expect(outputs['logits']?.data.every(Number.isFinite)).toBe(true);
  });

  test('ends with the error of a read, with the student as it is then', async () => {
    const source = sourceOf(problem);
    let reads = 0;
    const read: TrainSource['read'] = (indices) =>
      ++reads === 3 ? Promise.reject(new Error('the disk is gone')) : source.read(indices);
    const { artifacts, error } = await train({}, { ...source, read });
    expect(error).toMatchObject({ message: 'the disk is gone' });
    expect(bytesOf(artifacts).length).toBe(4 * (FEATURES * 16 + 16 + 16 * CLASSES + CLASSES));
  });

  test('reports every epoch, and the last step of each', async () => {
    const { events, epochs } = await train({ epochs: 2 });
    expect(epochs.map(({ epoch, epochs: of }) => [epoch, of])).toEqual([
      [1, 2],
      [2, 2],
    ]);
    const last = events.filter((event) => event.type === 'step' && event.step === event.steps);
    expect(last).toMatchObject([
      { epoch: 1, steps: 10 },
      { epoch: 2, steps: 10 },
    ]);
    expect(epochs.every(({ holdoutOutputs }) => holdoutOutputs === undefined)).toBe(true);
  });

  test('times the requested number of predictions', async () => {
    const times = await engine.timeMs(await student.portable(), { input: holdout.inputs }, 7);
    expect(times.length).toBe(7);
    expect(times.every((ms) => ms >= 0)).toBe(true);
  });

  test('works on one job at a time, in order', async () => {
    const order: string[] = [];
    const job = await makeJob({ epochs: 2 });
    const watched = (name: string): TrainSource => {
      const source = sourceOf(problem);
      const read: TrainSource['read'] = (indices) => {
        order.push(name);
        return source.read(indices);
      };
      return { ...source, read };
    };
    await Promise.all(['first', 'second'].map((name) => engine.train(job, watched(name), ignore, never)));
    expect(order).toEqual([...Array(20).fill('first'), ...Array(20).fill('second')]);
  });

  test('keeps working after a job that fails', async () => {
    const broken: PortableStudent = { kind: 'design', design: 'none', options: {} };
    const failing = engine.train(await makeJob({ student: broken }), sourceOf(problem), ignore, never);
    await expect(failing).rejects.toMatchObject({ code: 'student-invalid' });
    const unknown = engine.train(
      await makeJob({ loss: { name: 'margin', options: {}, terms: [] } }),
      sourceOf(problem),
      ignore,
      never,
    );
    await expect(unknown).rejects.toMatchObject({ code: 'unknown-loss' });
    expect((await train()).error).toBeUndefined();
  });

  test('needs no more memory for later runs', async () => {
    await train();
    const { tensors, heapBytes } = await engine.memory();
    for (let run = 0; run < 5; run++) await train();
    expect(await engine.memory()).toMatchObject({ tensors, heapBytes });
  });
});

describe.each(['cpu', 'wasm'] as const)('a given LayersModel, trained on this thread on %s', (backendName) => {
  test('gets its trained weights, and outlives the engine', async () => {
    await tf.setBackend('cpu');
    const tensorsBefore = tf.memory().numTensors;
    const model = tf.sequential({ layers: [tf.layers.dense({ units: CLASSES, inputShape: [FEATURES] })] });
    const predict = () =>
      tf.tidy(() => {
        const inputs = tf.tensor(problem.inputs.data, [SIZE, FEATURES]);
        const logits = (model.predict(inputs) as tf.Tensor).dataSync();
        return { data: Float32Array.from(logits), shape: [SIZE, CLASSES] };
      });
    const before = predict();
    const mine = studentFromModel(model);
    const engine = createEngine();
    await engine.open(backendOptions(backendName));
    const job = await makeJob({ student: await mine.portable(), epochs: 20 });
    const outcome = await engine.train(job, sourceOf(problem), ignore, never);
    await mine.adopt(outcome.artifacts);
    const trained = await engine.predict(await mine.portable(), { input: problem.inputs });
    const inside = predict();
    expect(inside).not.toEqual(before);
    expectClose(inside.data, trained['logits']?.data ?? []);
    await engine.close();
    expect(tf.getBackend()).toBe('cpu');
    const after = predict();
    expectClose(after.data, inside.data);
    model.dispose();
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });
});

describe('an engine', () => {
  test('does nothing before it is opened and after it is closed', async () => {
    const engine = createEngine();
    const job = await makeJob();
    const run = () => engine.train(job, sourceOf(problem), ignore, never);
    await expect(run()).rejects.toMatchObject({ code: 'disposed' });
    await engine.open(backendOptions('cpu'));
    expect((await run()).error).toBeUndefined();
    await engine.close();
    await engine.close();
    await expect(run()).rejects.toMatchObject({ code: 'disposed' });
    await expect(engine.predict(job.student, { input: holdout.inputs })).rejects.toMatchObject({ code: 'disposed' });
    expect(await engine.memory()).toMatchObject({ tensors: 0, heapBytes: 0 });
  });

  test('that is closed during a training ends it with what it learned, and ends waiting ones', async () => {
    const engine = createEngine();
    await engine.open(backendOptions('cpu'));
    let reads = 0;
    const source: TrainSource = {
      ...sourceOf(problem),
      async read(indices) {
        if (++reads === 5) closing = engine.close();
        return sourceOf(problem).read(indices);
      },
    };
    let closing: Promise<void> | undefined;
    const job = await makeJob({ epochs: 1000 });
    const [first, second] = await Promise.allSettled([
      engine.train(job, source, ignore, never),
      engine.train(job, sourceOf(problem), ignore, never),
    ]);
    const disposed = { code: 'disposed', message: 'The trainer was disposed while it worked.' };
    expect(first).toMatchObject({ status: 'fulfilled', value: { error: disposed } });
    expect(second).toMatchObject({ status: 'rejected', reason: disposed });
    expect(reads).toBeLessThan(10);
    await closing;
    await expect(engine.train(job, source, ignore, never)).rejects.toMatchObject({ code: 'disposed' });
  });

  test('can be opened again, on another backend', async () => {
    const engine = createEngine();
    const results: Uint8Array[] = [];
    for (const backend of ['wasm', 'cpu', 'wasm'] as const) {
      await engine.open(backendOptions(backend));
      const { artifacts } = await engine.train(await makeJob(), sourceOf(problem), ignore, never);
      results.push(bytesOf(artifacts));
    }
    await engine.close();
    expect(results[2]).toEqual(results[0]);
  });

  test('is closed if it cannot be opened again', async () => {
    const engine = createEngine();
    await engine.open(backendOptions('wasm'));
    await expect(engine.open({ backend: 'webgl' as 'cpu' })).rejects.toMatchObject({ code: 'invalid-option' });
    await expect(engine.open({ threads: 0 })).rejects.toMatchObject({ code: 'invalid-option' });
    const missing = engine.open({ backend: 'wasm', assetBase: new URL('nowhere/', import.meta.url).href });
    await expect(missing).rejects.toMatchObject({ code: 'backend-unavailable' });
    const run = engine.train(await makeJob(), sourceOf(problem), ignore, never);
    await expect(run).rejects.toMatchObject({ code: 'disposed' });
  });
});
