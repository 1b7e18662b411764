import { Worker as Thread } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { readBinaries } from './cases/binaryCases.ts';
import { NodeThread, randomPlan, sharedHeap } from './cases/threadCases.ts';
import { type GemmPlan, runGemm } from './matmul/gemm.ts';
import { KERNEL_NUMBERS } from './numbers.ts';
import type { PlanRecord } from './planRecord.ts';
import { type KernelPool, type PoolOptions, startPool, type WasmHeap } from './pool.ts';
import type { ThreadMessage } from './startThread.ts';

const binaryOf = readBinaries();
const [m, n, k] = [96, 40, 64];
/** What no memory of 16 MB has. */
const NOWHERE = 0x7f000000;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** The helper of that part works on scratch memory that is not there, so its first product is a trap. */
function trapping(part: number) {
  return class extends NodeThread {
    protected override toWork(work: ThreadMessage['work']) {
      return work.part === part ? { ...work, scratch: NOWHERE } : work;
    }
  };
}

async function openPool(Helper: typeof NodeThread, options: PoolOptions = {}) {
  const helpers: NodeThread[] = [];
  class Watched extends Helper {
    constructor() {
      super();
      helpers.push(this);
    }
  }
  vi.stubGlobal('Worker', Watched);
  const heap = sharedHeap();
  const pool = await startPool(heap, binaryOf('simd'), 3, { script: 'threads.js', leastSharedNs: 0, ...options });
  const plan = randomPlan(heap, m, n, k);
  return { heap, pool, plan, helpers, expected: await aloneResult(heap, plan) };
}

async function aloneResult(heap: WasmHeap, plan: GemmPlan): Promise<Float32Array> {
  const alone = await startPool(heap, binaryOf('simd'), 1);
  return resultOf(heap, plan, () => runGemm(alone, plan));
}

function resultOf(heap: WasmHeap, plan: GemmPlan, run: () => void): Float32Array {
  const values = new Float32Array(heap.memory.buffer, plan.c, m * n);
  values.fill(Number.NaN);
  run();
  return values.slice();
}

/** The product as a recorded step makes it, `count` times in a row. */
function recorded(heap: WasmHeap, pool: KernelPool, plan: GemmPlan, count: number): () => void {
  const records: PlanRecord[] = [];
  pool.useThreads('one');
  pool.recording(records, () => runGemm(pool, plan));
  pool.useThreads('all');
  const [{ kernel, words }] = records as [PlanRecord];
  const args = heap.malloc(4 * words.length);
  pool.write(args, Int32Array.from(words));
  const table = heap.malloc(16 * count);
  const calls = Array.from({ length: count }, () => [KERNEL_NUMBERS[kernel], args, 3, 1]);
  pool.write(table, Int32Array.from(calls.flat()));
  return () => pool.runPlan(table, count);
}

/** Some minutes. */
const MOST_TRIES = 50_000;

/** Until a helper has come in time to take a part; what is computed without it is right. */
function untilThrown(heap: WasmHeap, plan: GemmPlan, run: () => void, expected: Float32Array): unknown {
  const values = new Float32Array(heap.memory.buffer, plan.c, m * n);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    try {
      // Many in a row, so that a thread which is asleep finds one of them open.
      for (let i = 0; i < 100; i++) run();
    } catch (error) {
      return error;
    }
    if (values.some((value, i) => value !== expected[i])) return new Error('A product is wrong.');
  }
  return new Error('No helper has come.');
}

/** A thread that takes a part of the next job that it finds open, and ends: a helper that dies at work. */
async function thief(heap: WasmHeap, control: number): Promise<void> {
  const source = `const { workerData, parentPort } = require('node:worker_threads');
    const words = new Int32Array(workerData.buffer, workerData.control);
    parentPort.postMessage('ready');
    for (;;) {
      const free = Atomics.load(words, 5);
      if (free !== 0 && Atomics.compareExchange(words, 5, free, free & (free - 1)) === free) break;
    }`;
  const thread = new Thread(source, { eval: true, workerData: { buffer: heap.memory.buffer, control } });
  await new Promise((resolve) => thread.once('message', resolve));
}

test.each([1, 2])('a helper that traps ends the job, and the next ones run on this thread (part %d)', async (part) => {
  const { heap, pool, plan, expected } = await openPool(trapping(part));
  expect(pool.threads).toBe(3);
  const error = untilThrown(heap, plan, () => runGemm(pool, plan), expected);
  expect(error).toMatchObject({ code: 'thread-died', details: { threads: 3 } });
  expect(pool.damage()).toBe('dead-thread');
  pool.useThreads('all');
  for (let i = 0; i < 3; i++) expect(resultOf(heap, plan, () => runGemm(pool, plan))).toEqual(expected);
  expect(resultOf(heap, plan, recorded(heap, pool, plan, 2))).toEqual(expected);
  pool.dispose();
});

test('a helper that traps ends a recorded step', async () => {
  const { heap, pool, plan, expected } = await openPool(trapping(1));
  const step = recorded(heap, pool, plan, 3);
  expect(untilThrown(heap, plan, step, expected)).toMatchObject({ code: 'thread-died' });
  expect(resultOf(heap, plan, step)).toEqual(expected);
  pool.dispose();
});

test('a helper that is gone between two jobs is done without', async () => {
  const { heap, pool, plan, helpers, expected } = await openPool(NodeThread, { patienceMs: 500 });
  expect(resultOf(heap, plan, () => runGemm(pool, plan))).toEqual(expected);
  await helpers[1]?.terminate();
  for (let i = 0; i < 20; i++) expect(resultOf(heap, plan, () => runGemm(pool, plan))).toEqual(expected);
  expect(resultOf(heap, plan, recorded(heap, pool, plan, 20))).toEqual(expected);
  expect(pool.damage()).toBeUndefined();
  pool.dispose();
});

test('a helper that is gone at work is noticed once nothing moves for long', async () => {
  const controls: number[] = [];
  class Told extends NodeThread {
    protected override toWork(work: ThreadMessage['work']) {
      controls.push(work.control);
      return work;
    }
  }
  const { heap, pool, plan, expected } = await openPool(Told, { patienceMs: 500 });
  await vi.waitUntil(() => controls.length > 0);
  await thief(heap, controls[0] as number);
  const error = untilThrown(heap, plan, () => runGemm(pool, plan), expected);
  expect(error).toMatchObject({ code: 'thread-died', message: expect.stringContaining('did not move for 0.5 s') });
  expect(pool.damage()).toBe('dead-thread');
  expect(resultOf(heap, plan, () => runGemm(pool, plan))).toEqual(expected);
  pool.dispose();
});

test('helpers that are late hold up nothing, in a job and in a recorded step', async () => {
  class Late extends NodeThread {
    protected override get delayMs() {
      return 1500;
    }
  }
  for (const isRecorded of [false, true]) {
    const { heap, pool, plan, expected } = await openPool(Late);
    const run = isRecorded ? recorded(heap, pool, plan, 3) : () => runGemm(pool, plan);
    expect(resultOf(heap, plan, run)).toEqual(expected);
    expect(resultOf(heap, plan, run)).toEqual(expected);
    expect(pool.damage()).toBeUndefined();
    pool.dispose();
  }
});

test('a trap on this thread leaves no helper in a later job', async () => {
  const { heap, pool, plan, expected } = await openPool(NodeThread);
  expect(() => runGemm(pool, { ...plan, c: NOWHERE })).toThrow(WebAssembly.RuntimeError);
  expect(pool.damage()).toBe('torn-job');
  expect(resultOf(heap, plan, () => runGemm(pool, plan))).toEqual(expected);
  pool.dispose();
});

test.each([
  ['never answers', () => undefined],
  ['cannot link', (helper: NodeThread) => helper.onmessage?.({ data: { thread: 'failed' } })],
])('a helper that %s is done without', async (_what, answer) => {
  vi.useFakeTimers();
  const ended: unknown[] = [];
  class Mute {
    onmessage?: (event: { data: unknown }) => void;
    postMessage() {
      queueMicrotask(() => answer(this as unknown as NodeThread));
    }
    terminate() {
      ended.push(this);
    }
  }
  vi.stubGlobal('Worker', Mute);
  const starting = startPool(sharedHeap(), binaryOf('simd'), 3, { script: 'threads.js' });
  await vi.waitFor(() => expect(vi.getTimerCount() + ended.length).toBe(2));
  await vi.advanceTimersByTimeAsync(12_000);
  const pool = await starting;
  expect([pool.threads, ended.length]).toEqual([1, 2]);
});
