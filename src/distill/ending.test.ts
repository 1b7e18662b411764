import { expose } from 'comlink';
import { describe, expect, test } from 'vitest';
import type { Dataset } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { createEngine } from '../train/engine.ts';
import { releaseTrainer } from '../train/pageTrainer.ts';
import { distill } from './distill.ts';
import {
  CLASSES,
  HELD_OUT,
  HERE,
  heldOutPoints,
  holdout,
  labelled,
  logitsOf,
  makeStudent,
  makeTeacher,
  watched,
  weightsOf,
  working,
} from './distillCases.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

describe('a cancelled run', () => {
  test('rejects with an AbortError and leaves the student as the last finished step made it', async () => {
    const student = makeStudent();
    const run = distill(working(trainer(), { student, epochs: 1000 }));
    let steps = 0;
    const iterate = async () => {
      for await (const event of run) if (event.type === 'step' && ++steps === 2) run.cancel(new Error('enough'));
    };
    await expect(iterate()).rejects.toMatchObject({ name: 'AbortError', message: 'The run was cancelled: enough.' });
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
    const weights = weightsOf(student);
    expect(weights.length).toBeGreaterThan(0);
    expect(weights.every(Number.isFinite)).toBe(true);
    const { logits } = await trainer().predict(student, { input: heldOutPoints });
    expect(logits?.shape).toEqual([HELD_OUT, CLASSES]);
  });

  test('stops asking, and leaves the student as the last finished step made it', async () => {
    const controller = new AbortController();
    const { teacher, batches } = makeTeacher((input) => {
      if (batches.length === 3) controller.abort();
      return { logits: logitsOf(input) };
    });
    const student = makeStudent();
    const run = distill(working(trainer(), { teacher, student, teacherBatchSize: 4, signal: controller.signal }));
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
    expect(batches).toHaveLength(3);
    expect(weightsOf(student).every(Number.isFinite)).toBe(true);
  });

  test('that was cancelled before it started asks nothing', async () => {
    const { teacher, asked } = makeTeacher();
    const run = distill(working(trainer(), { teacher, signal: AbortSignal.abort() }));
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked()).toBe(0);
  });
});

test('a loss that explodes keeps the student as it was before that step', async () => {
  const student = makeStudent();
  const huge = makeTeacher((input) => {
    const { data: values, shape } = logitsOf(input);
    // Fine for the two examples of the check; too large for float32 in the loss of a later batch.
    return { logits: { data: values.map((value) => (shape[0] === 2 ? value : value * 3e38)), shape } };
  });
  await expect(distill(working(trainer(), { teacher: huge.teacher, student })).done).rejects.toMatchObject({
    code: 'not-finite',
  });
  expect(weightsOf(student).every(Number.isFinite)).toBe(true);
});

describe('the trainer', () => {
  test('that was given stays open in any case', async () => {
    const spy = watched(trainer());
    await distill(working(spy.trainer)).done;
    const failing = distill(working(spy.trainer, { loss: crossEntropy() }));
    await expect(failing.done).rejects.toMatchObject({ code: 'labels-missing' });
    expect(spy.disposals()).toBe(0);
    await expect(trainer().memory()).resolves.toHaveProperty('tensors');
  });

  test('that was opened for the run is closed with it, and nothing remains', async () => {
    const { student, report } = await distill(working(HERE)).done;
    expect(report.backend).toMatchObject({ backend: 'cpu', threads: 1, hasKernels: false });
    expect(report.epochs).toHaveLength(2);
    expect(student.artifacts).toBeDefined();
    const failing = distill(working(HERE, { data: labelled as Dataset, loss: crossEntropy({ output: 'z' }) }));
    await expect(failing.done).rejects.toMatchObject({ code: 'unknown-output' });
  });
});

/** A worker on this thread: an engine behind a real message channel. */
class FakeWorker extends EventTarget {
  isTerminated = false;
  readonly #channel = new MessageChannel();

  constructor() {
    super();
    expose({ engine: createEngine() }, this.#channel.port2);
    this.#channel.port1.onmessage = ({ data }) => this.#say(data);
    queueMicrotask(() => this.#say({ limbeck: 'ready' }));
  }

  #say(data: unknown) {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }

  postMessage(message: unknown, transfer: Transferable[]) {
    this.#channel.port1.postMessage(message, transfer);
  }

  terminate() {
    this.isTerminated = true;
    this.#channel.port1.close();
  }
}

describe('a worker that was started for the run', () => {
  function started() {
    const workers: FakeWorker[] = [];
    const worker = () => {
      workers.push(new FakeWorker());
      return workers[0] as unknown as Worker;
    };
    return { workers, options: { worker, backend: 'cpu' } as const };
  }

  async function expectReleased(workers: FakeWorker[]) {
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([false]);
    await releaseTrainer();
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true]);
  }

  test('makes the same student as this thread, reports the same events, and ends when it is released', async () => {
    const here = await distill(working(trainer(), { holdout })).done;
    const { workers, options } = started();
    const run = distill(working(options, { holdout }));
    const types = new Set<string>();
    for await (const event of run) types.add(event.type);
    const there = await run.done;
    expect(weightsOf(there.student)).toEqual(weightsOf(here.student));
    expect(there.report.holdout).toEqual(here.report.holdout);
    expect(there.report.epochs.map(({ loss }) => loss)).toEqual(here.report.epochs.map(({ loss }) => loss));
    expect([...types].sort()).toEqual(['epoch', 'examples', 'notice', 'phase', 'step', 'teacher']);
    await expectReleased(workers);
  });

  test('outlives a run that fails, whose error keeps its code', async () => {
    const { workers, options } = started();
    const failing = distill(working(options, { data: labelled, loss: crossEntropy({ output: 'z' }) }));
    await expect(failing.done).rejects.toMatchObject({ name: 'LimbeckError', code: 'unknown-output' });
    await expectReleased(workers);
  });

  test('outlives a cancelled run, after it returned the weights', async () => {
    const { workers, options } = started();
    const student = makeStudent();
    const run = distill(working(options, { student, epochs: 1000 }));
    const iterate = async () => {
      for await (const event of run) if (event.type === 'step') run.cancel();
    };
    await expect(iterate()).rejects.toMatchObject({ name: 'AbortError' });
    expect(weightsOf(student).length).toBeGreaterThan(0);
    await expectReleased(workers);
  });

  test('says that it does not know a loss of the caller’s own', async () => {
    const loss: Loss = { ...softTargets(), name: 'mine' };
    await expect(distill(working(started().options, { loss })).done).rejects.toMatchObject({
      code: 'unknown-loss',
      message: expect.stringContaining('exposeWorker({ losses: { mine } })'),
    });
    await expect(distill(working(trainer(), { loss })).done).resolves.toHaveProperty('report');
  });
});
