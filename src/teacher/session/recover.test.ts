import { describe, expect, test } from 'vitest';
import { LimbeckError, type LimbeckErrorCode } from '../../core/errors.ts';
import { keepRunning, nextPlacement, type PlacedSession } from './recover.ts';
import type { Placement } from './sessionSettings.ts';

const fault = (code: LimbeckErrorCode, details = {}) => new LimbeckError(code, `it was ${code}`, { details });
const [died, full, failed] = [fault('worker-died'), fault('out-of-memory'), fault('teacher-failed')];
const circumstances = { failures: 0, hasWorker: true, batch: 8 };
const two: Placement = { device: 'wasm', threads: 2 };
const one: Placement = { device: 'wasm', threads: 1 };
const gpu: Placement = { device: 'webgpu', threads: 2 };

test.each([
  ['a dead worker is started again', died, two, {}, two],
  ['one that dies again gets one thread', died, two, { failures: 1 }, one],
  ['then half the batch', died, one, { failures: 2 }, { ...one, largestBatch: 4 }],
  ['no room: one thread', full, two, {}, one],
  ['no room on one thread: half the batch', full, one, {}, { ...one, largestBatch: 4 }],
  ['no room for half: a quarter', full, { ...one, largestBatch: 4 }, {}, { ...one, largestBatch: 2 }],
  [
    'no room for more than ever fitted: half the batch, and nothing else',
    full,
    two,
    { fits: 3 },
    { ...two, largestBatch: 4 },
  ],
  ['nor for half: what fitted', full, { ...two, largestBatch: 4 }, { fits: 3 }, { ...two, largestBatch: 3 }],
  ['no room on a GPU for more than ever fitted', full, gpu, { fits: 4 }, { ...gpu, largestBatch: 4 }],
  ['no room for what did fit: one thread', full, two, { fits: 8 }, one],
  ['two deaths at more than ever fitted', died, two, { failures: 1, fits: 4 }, { ...two, largestBatch: 4 }],
  ['no room for one example: the end', full, one, { batch: 1 }, undefined],
  ['a GPU that fails: wasm', failed, gpu, {}, two],
  ['a GPU whose worker dies: wasm', died, gpu, {}, two],
  ['a trap in wasm: started again', fault('teacher-failed', { isCrash: true }), two, {}, two],
  ['a model that fails on wasm: the end', failed, two, {}, undefined],
  ['data that does not fit: the end', fault('shape-mismatch'), gpu, {}, undefined],
  ['any other error: the end', new Error('?'), gpu, {}, undefined],
  ["on the page's own thread no threads change", full, two, { hasWorker: false }, { ...two, largestBatch: 4 }],
])('%s', (_, error, placement, changed, expected) => {
  expect(nextPlacement(error, placement, { ...circumstances, ...changed })).toEqual(expected);
});

/** Sessions that answer with their number, or fail as they are told to. */
function house(faults: Record<number, unknown>, openFaults: Record<number, unknown> = {}, place = two) {
  const placements: Placement[] = [];
  const disposed: number[] = [];
  const make = (placement: Placement): PlacedSession => {
    const number = placements.push(placement) - 1;
    const run = async () => {
      if (number in faults) throw faults[number];
      return { y: { data: Int32Array.of(number), shape: [1] } };
    };
    return {
      placement,
      opened: { threads: placement.threads ?? 2, inputs: {}, outputs: {}, notices: [] },
      run,
      timeMs: async () => [],
      measure: async () => [],
      [Symbol.asyncDispose]: async () => void disposed.push(number),
    };
  };
  const notices: string[] = [];
  const open = async (placement: Placement) => {
    const session = make(placement);
    const fault = openFaults[placements.length - 1];
    if (fault !== undefined) throw fault;
    return session;
  };
  const running = keepRunning({ first: make(place), open, hasWorker: true, tell: (notice) => notices.push(notice) });
  const ask = (signal?: AbortSignal) =>
    running.attempt((session) => session.run({}), 8, signal).then(({ y }) => y?.data[0]);
  return { running, open, ask, placements, disposed, notices };
}

test('a batch whose worker died is asked again in a new one, and the old one is ended', async () => {
  const { ask, placements, disposed, notices } = house({ 0: died });
  expect(await ask()).toBe(1);
  expect(placements).toEqual([two, two]);
  expect(disposed).toEqual([0]);
  expect(notices).toEqual([expect.stringMatching(/on wasm failed \(it was worker-died\); it was started again/)]);
});

test('batches that wait side by side share one restart', async () => {
  const { ask, placements } = house({ 0: died });
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  expect(placements.length).toBe(2);
});

test('restarts that bring nothing end with the error, and are counted anew after an answer', async () => {
  const { ask, placements } = house({ 0: died, 1: died, 2: died, 3: died, 4: died });
  await expect(ask()).rejects.toBe(died);
  expect(placements).toEqual([two, two, one, { ...one, largestBatch: 4 }, { ...one, largestBatch: 2 }]);
});

test('a session that does not open is tried in a weaker place', async () => {
  const { ask, placements, notices } = house({ 0: died }, { 1: full });
  expect(await ask()).toBe(2);
  expect(placements).toEqual([two, two, one]);
  expect(notices.at(-1)).toContain('one thread');
});

test('where none opens, this batch and the next end with the reason', async () => {
  const unreachable = fault('worker-unreachable');
  const { ask, placements } = house({ 0: died }, { 1: unreachable });
  await expect(ask()).rejects.toBe(unreachable);
  await expect(ask()).rejects.toBe(unreachable);
  expect(placements.length).toBe(2);
});

test('a batch that is larger than any that was answered costs its size, not the threads', async () => {
  const { running, ask, placements, notices } = house({});
  await ask();
  let isFirst = true;
  const job = async ({ run }: PlacedSession) => {
    if (isFirst) {
      isFirst = false;
      throw full;
    }
    return run({});
  };
  await running.attempt(job, 64);
  expect(placements).toEqual([two, { ...two, largestBatch: 32 }]);
  expect(notices).toEqual([expect.stringContaining('it computes 32 examples at a time from now on')]);
});

test('a cancelled batch is not asked again', async () => {
  const controller = new AbortController();
  const { running, placements } = house({});
  const job = async (): Promise<never> => {
    controller.abort();
    throw died;
  };
  await expect(running.attempt(job, 8, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  expect(placements.length).toBeLessThanOrEqual(2);
});

describe('a batch that the kernels do not compute', () => {
  const kernels: Placement = { device: 'kernels', threads: 2 };

  test('moves the teacher to wasm if that answers', async () => {
    const { ask, placements, disposed, notices } = house({ 0: failed }, {}, kernels);
    expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
    expect(placements).toEqual([kernels, two]);
    expect(disposed).toEqual([0]);
    expect(notices).toEqual([expect.stringMatching(/on kernels failed.*it runs on wasm from now on/)]);
  });

  test('moves nothing if wasm does not compute it either, and is told as wasm tells it', async () => {
    const bad = fault('shape-mismatch');
    const { running, ask, placements, disposed, notices } = house({ 0: failed, 1: bad }, {}, kernels);
    await expect(ask()).rejects.toBe(bad);
    expect(running.current().placement).toEqual(kernels);
    expect([placements, disposed, notices]).toEqual([[kernels, two], [1], []]);
    // The next is asked of the kernels again.
    expect(await running.attempt(async ({ placement }) => placement.device, 8)).toBe('kernels');
  });
});

test('disposed while another session is about to take over, it leaves neither behind', async () => {
  const { running, open, disposed } = house({});
  const session = await open(gpu);
  await running[Symbol.asyncDispose]();
  await running.replace(session);
  expect(disposed).toEqual([0, 1]);
});

test('disposed while it starts again, it leaves no session behind', async () => {
  const { running, ask, placements, disposed } = house({ 0: died });
  const asking = ask();
  await running[Symbol.asyncDispose]();
  await expect(asking).rejects.toMatchObject({ code: expect.stringMatching(/disposed|worker-died/) });
  expect(new Set(disposed).size).toBe(placements.length);
});
