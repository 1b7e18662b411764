import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { permutation, seededRandom } from '../core/random.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import { pickRows } from '../data/arrays.ts';
import { crossEntropy } from '../losses/crossEntropy.ts';
import { backendOptions } from '../losses/lossContract.ts';
import { specOf } from '../losses/revive.ts';
import { softTargets } from '../losses/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { artifactsOf, studentFromModel } from '../student/layersModel.ts';
import type { PortableStudent, StudentArtifacts } from '../student/student.ts';
import { cnn } from '../student/zoo/cnn.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { createEngine, type EngineEvent, type TrainJob, type TrainSource } from './engine.ts';
import type { EpochEvent } from './loop.ts';

const FEATURES = 8;
const CLASSES = 4;
/** More than are predicted at a time. */
const SIZE = 300;

/** Points, and what a teacher says about them: it knows a random linear map, and nobody tells a label. */
interface Problem {
  readonly inputs: NdArray;
  readonly teacher: NdArray;
}

function makeProblem(seed: number): Problem {
  const random = seededRandom(1);
  const map = Float32Array.from({ length: FEATURES * CLASSES }, () => 4 * random() - 2);
  const point = seededRandom(seed);
  const inputs = Float32Array.from({ length: SIZE * FEATURES }, () => 4 * point() - 2);
  const teacher = Float32Array.from({ length: SIZE * CLASSES }, (_, i) => {
    const row = inputs.subarray(Math.floor(i / CLASSES) * FEATURES).subarray(0, FEATURES);
    return row.reduce((sum, x, f) => sum + x * (map[f * CLASSES + (i % CLASSES)] as number), 0);
  });
  return { inputs: { data: inputs, shape: [SIZE, FEATURES] }, teacher: { data: teacher, shape: [SIZE, CLASSES] } };
}

const problem = makeProblem(2);
const holdout = makeProblem(3);
/** The class that the teacher would name. */
const classes = (logits: NdArray) => Array.from({ length: SIZE }, (_, i) => argMax(logits.data, i * CLASSES, CLASSES));
const truth = classes(holdout.teacher);
const accuracyOf = (logits: NdArray) => classes(logits).filter((c, i) => c === truth[i]).length / SIZE;

function sourceOf({ inputs, teacher }: Problem): TrainSource {
  return {
    read: async (indices) => ({
      inputs: { input: pickRows(inputs, indices) },
      teacher: { logits: pickRows(teacher, indices) },
    }),
    readHoldout: async (indices) => ({ input: pickRows(holdout.inputs, indices) }),
  };
}

const student = mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [16] });

async function makeJob(changed: Partial<TrainJob> = {}): Promise<TrainJob> {
  return {
    student: await student.portable(),
    loss: structuredClone(specOf(softTargets())),
    size: SIZE,
    epochs: 1,
    batchSize: 32,
    optimizer: { learningRate: 0.01 },
    seed: 5,
    holdoutSize: 0,
    ...changed,
  };
}

function bytesOf({ weightData }: StudentArtifacts): Uint8Array {
  return new Uint8Array(weightData);
}

const never = new AbortController().signal;
const ignore = () => undefined;

describe.each(['cpu', 'wasm'] as const)('an engine on %s', (backendName) => {
  const engine = createEngine();
  let tensorsBefore = 0;
  beforeAll(async () => {
    const description = await engine.open(backendOptions(backendName));
    expect(description).toMatchObject({ backend: backendName, threads: 1, hasKernels: backendName === 'wasm' });
  });
  beforeEach(async () => {
    tensorsBefore = (await engine.memory()).tensors;
  });
  afterEach(async () => expect((await engine.memory()).tensors).toBe(tensorsBefore));
  afterAll(() => engine.close());

  async function train(changed: Partial<TrainJob> = {}, source = sourceOf(problem), signal = never) {
    const events: EngineEvent[] = [];
    const outcome = await engine.train(await makeJob(changed), source, (event) => void events.push(event), signal);
    const epochs = events.filter((event): event is EpochEvent & { holdoutOutputs?: NdArray } => event.type === 'epoch');
    return { ...outcome, events, epochs };
  }

  async function accuracyAfter(artifacts: StudentArtifacts): Promise<number> {
    const outputs = await engine.predict({ kind: 'artifacts', artifacts }, { input: holdout.inputs });
    return accuracyOf(outputs['logits'] as NdArray);
  }

  test('teaches a student by a teacher’s answers alone', async () => {
    const { artifacts, error, epochs } = await train({ epochs: 30, holdoutSize: SIZE });
    expect(error).toBeUndefined();
    expect(epochs.length).toBe(30);
    const losses = epochs.map(({ loss }) => loss);
    expect(losses[29]).toBeLessThan((losses[0] as number) / 20);
    // By chance it would be right for one in four.
    expect(await accuracyAfter(artifacts)).toBeGreaterThan(0.9);
    const last = epochs[29]?.holdoutOutputs as NdArray;
    expect(last.shape).toEqual([SIZE, CLASSES]);
    expect(accuracyOf(last)).toBe(await accuracyAfter(artifacts));
    expect(accuracyOf(epochs[0]?.holdoutOutputs as NdArray)).toBeLessThan(accuracyOf(last));
  });

  test('teaches nothing by answers that belong to other examples', async () => {
    const order = permutation(SIZE, seededRandom(4));
    const noise = { ...problem, teacher: pickRows(problem.teacher, order) };
    const { artifacts } = await train({ epochs: 30 }, sourceOf(noise));
    expect(await accuracyAfter(artifacts)).toBeLessThan(0.5);
  });

  test.each(['adam', 'sgd', 'momentum'] as const)('gives the same weights for the same seed with %s', async (name) => {
    const optimizer = { name };
    const [first, again] = [await train({ optimizer }), await train({ optimizer })];
    const other = await train({ optimizer, seed: 6 });
    expect(bytesOf(again.artifacts)).toEqual(bytesOf(first.artifacts));
    expect(bytesOf(other.artifacts)).not.toEqual(bytesOf(first.artifacts));
  });

  test('decides the order of examples by the seed, not only the first weights', async () => {
    const { artifacts } = await train();
    const start: Partial<TrainJob> = { student: { kind: 'artifacts', artifacts } };
    const [one, other] = [await train({ ...start, seed: 1 }), await train({ ...start, seed: 2 })];
    expect(bytesOf(other.artifacts)).not.toEqual(bytesOf(one.artifacts));
  });

  test('stops in the middle of an epoch, and gives the student as it is then', async () => {
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

  test('takes no step where it was stopped before', async () => {
    const untouched = await buildStudent(await student.portable(), 5);
    const expected = await artifactsOf(untouched);
    untouched.dispose();
    const { artifacts, error, events } = await train({}, sourceOf(problem), AbortSignal.abort());
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(events).toEqual([]);
    expect(bytesOf(artifacts)).toEqual(bytesOf(expected));
  });

  test('ends with "not-finite" where a batch is no number, with the student as before', async () => {
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

  test('ends with what reading throws, with the student as it is then', async () => {
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

  test('trains a convolution', async () => {
    const images = cnn({ inputShape: [10, 10, 1], classes: CLASSES });
    const random = seededRandom(8);
    // The class is the quarter of the image that is bright.
    const shown = Array.from({ length: 64 }, () => Math.floor(random() * CLASSES));
    const pixels = Float32Array.from({ length: 64 * 100 }, (_, i) => {
      const [row, column] = [Math.floor((i % 100) / 10), i % 10];
      const quarter = (row < 5 ? 0 : 2) + (column < 5 ? 0 : 1);
      return random() * 0.3 + (quarter === shown[Math.floor(i / 100)] ? 0.7 : 0);
    });
    const inputs = { data: pixels, shape: [64, 10, 10, 1] };
    const answers = Float32Array.from({ length: 64 * CLASSES }, (_, i) =>
      shown[Math.floor(i / CLASSES)] === i % CLASSES ? 6 : 0,
    );
    const source = sourceOf({ inputs, teacher: { data: answers, shape: [64, CLASSES] } });
    const { artifacts, epochs } = await train(
      { student: await images.portable(), size: 64, epochs: 8, batchSize: 16 },
      source,
    );
    expect(epochs[7]?.loss).toBeLessThan((epochs[0]?.loss as number) / 2);
    const { logits } = await engine.predict({ kind: 'artifacts', artifacts }, { input: inputs });
    const right = shown.filter((c, i) => c === argMax(logits?.data ?? [], i * CLASSES, CLASSES)).length;
    expect(right).toBeGreaterThan(60);
  });

  test('trains batch statistics, and uses them to predict', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 16, inputShape: [FEATURES], kernelInitializer: seeded(1) }),
        tf.layers.batchNormalization({ momentum: 0.9 }),
        tf.layers.activation({ activation: 'relu' }),
        tf.layers.dense({ units: CLASSES, kernelInitializer: seeded(2) }),
      ],
    });
    const before = await artifactsOf(model);
    model.dispose();
    const { artifacts } = await train({ student: { kind: 'artifacts', artifacts: before }, epochs: 20 });
    for (const name of ['moving_mean', 'moving_variance']) {
      const [old, now] = [weightNamed(before, name), weightNamed(artifacts, name)];
      expect(now.length).toBe(16);
      expect(now.every((value, i) => Number.isFinite(value) && value !== old[i])).toBe(true);
    }
    expect(await accuracyAfter(artifacts)).toBeGreaterThan(0.8);
    // With the batch's own statistics the answer to an example would depend on its neighbours.
    const alone = { data: holdout.inputs.data.slice(0, FEATURES), shape: [1, FEATURES] };
    const portable = { kind: 'artifacts', artifacts } as const;
    const [one, all] = [
      await engine.predict(portable, { input: alone }),
      await engine.predict(portable, { input: holdout.inputs }),
    ];
    expectClose(one['logits']?.data ?? [], all['logits']?.data.slice(0, CLASSES) ?? []);
  });

  test('leaves frozen layers alone', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 6, inputShape: [FEATURES], name: 'frozen', trainable: false }),
        tf.layers.dense({ units: CLASSES, name: 'free' }),
      ],
    });
    const before = await artifactsOf(model);
    model.dispose();
    const { artifacts } = await train({ student: { kind: 'artifacts', artifacts: before } });
    expect(weightNamed(artifacts, 'frozen/kernel')).toEqual(weightNamed(before, 'frozen/kernel'));
    expect(weightNamed(artifacts, 'free/kernel')).not.toEqual(weightNamed(before, 'free/kernel'));
  });

  test('trains a student of two inputs and two named outputs, run after run', async () => {
    const left = tf.input({ shape: [3], name: 'left' });
    const right = tf.input({ shape: [FEATURES - 3], name: 'right' });
    const joined = tf.layers.concatenate().apply([left, right]) as tf.SymbolicTensor;
    const outputs = ['coarse', 'fine'].map(
      (name) => tf.layers.dense({ units: CLASSES, name }).apply(joined) as tf.SymbolicTensor,
    );
    const model = tf.model({ inputs: [left, right], outputs });
    let portable: PortableStudent = { kind: 'artifacts', artifacts: await artifactsOf(model) };
    model.dispose();
    const columns = (from: number, to: number, indices: Int32Array): NdArray => {
      const rows = Array.from(indices, (i) => [...problem.inputs.data.slice(i * FEATURES + from, i * FEATURES + to)]);
      return { data: Float32Array.from(rows.flat()), shape: [indices.length, to - from] };
    };
    const inputsAt = (indices: Int32Array): NamedArrays => ({
      right: columns(3, FEATURES, indices),
      left: columns(0, 3, indices),
    });
    const source: TrainSource = {
      read: async (indices) => ({ inputs: inputsAt(indices), teacher: { fine: pickRows(problem.teacher, indices) } }),
      readHoldout: async (indices) => inputsAt(indices),
    };
    const loss = specOf(softTargets({ output: 'fine' }));
    const losses: number[] = [];
    for (let run = 0; run < 3; run++) {
      const batch = await source.read(Int32Array.of(0, 1));
      const described = await engine.check(await makeJob({ student: portable, loss }), batch);
      expect(described).toMatchObject({ inputs: { left: [3], right: [5] }, outputs: { coarse: [4], fine: [4] } });
      const { artifacts, error, epochs } = await train({ student: portable, loss, epochs: 3 }, source);
      expect(error).toBeUndefined();
      losses.push(epochs.at(-1)?.loss as number);
      portable = { kind: 'artifacts', artifacts };
    }
    expect(losses[2]).toBeLessThan(losses[0] as number);
    const predicted = await engine.predict(portable, inputsAt(Int32Array.of(1, 2, 3)));
    expect(Object.entries(predicted).map(([name, { shape }]) => [name, shape])).toEqual([
      ['coarse', [3, 4]],
      ['fine', [3, 4]],
    ]);
  });

  test('learns from labels where the loss reads them', async () => {
    const source = sourceOf(problem);
    const labels = classes(problem.teacher);
    const labelled: TrainSource = {
      ...source,
      read: async (indices) => ({
        ...(await source.read(indices)),
        teacher: {},
        labels: Int32Array.from(indices, (i) => labels[i] as number),
      }),
    };
    const { artifacts } = await train({ loss: specOf(crossEntropy()), epochs: 30 }, labelled);
    expect(await accuracyAfter(artifacts)).toBeGreaterThan(0.85);
  });

  test('times as many predictions as it is asked for', async () => {
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

describe.each(['cpu', 'wasm'] as const)('a brought LayersModel, trained on this thread on %s', (backendName) => {
  test('gets its trained weights, and outlives the engine', async () => {
    await tf.setBackend('cpu');
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
    expect(tf.memory().numTensors).toBe(0);
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

  test('is closed where it cannot be opened again', async () => {
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

/** Logits near 10, by sums of some ten float32 products: each rounding is 10 · 2⁻²⁴. */
function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const differences = Array.from(actual, (value, i) => Math.abs(value - (expected[i] as number)));
  expect(Math.max(...differences)).toBeLessThan(1e-5);
}

function seeded(seed: number) {
  return tf.initializers.glorotUniform({ seed });
}

function weightNamed({ weightSpecs, weightData }: StudentArtifacts, name: string): Float32Array {
  let at = 0;
  for (const spec of weightSpecs) {
    const length = spec.shape.reduce((product, n) => product * n, 1);
    if (spec.name.endsWith(name)) return new Float32Array(weightData, at, length);
    at += 4 * length;
  }
  throw new Error(`there is no weight ${name}`);
}
