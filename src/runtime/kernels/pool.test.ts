import { describe, expect, test, vi } from 'vitest';
import { levels, readBinaries } from './cases/binaryCases.ts';
import { NodeThread, randomPlan, sharedHeap } from './cases/threadCases.ts';
import { type GemmPlan, runGemm, runGemmSplit, splitScratchBytes } from './matmul/gemm.ts';
import { importingSharedMemory } from './module.ts';
import { startPool } from './pool.ts';

const binaryOf = readBinaries();

describe.each(levels)('the %s binary', (level) => {
  const bytes = () => binaryOf(level);

  test('links to a shared memory once the flag is set, and to an unshared one as it is', async () => {
    const shared = { env: { memory: new WebAssembly.Memory({ initial: 2, maximum: 16, shared: true }) } };
    const unshared = { env: { memory: new WebAssembly.Memory({ initial: 2, maximum: 16 }) } };
    const flagged = importingSharedMemory(bytes());
    await expect(WebAssembly.instantiate(flagged, shared)).resolves.toHaveProperty('instance');
    await expect(WebAssembly.instantiate(bytes(), unshared)).resolves.toHaveProperty('instance');
    await expect(WebAssembly.instantiate(flagged, unshared)).rejects.toThrow(WebAssembly.LinkError);
    await expect(WebAssembly.instantiate(bytes(), shared)).rejects.toThrow(WebAssembly.LinkError);
  });

  test('gives the very same numbers on three threads, and on one while the others sleep', async () => {
    vi.stubGlobal('Worker', NodeThread);
    const heap = sharedHeap();
    const alone = await startPool(heap, bytes(), 1);
    const together = await startPool(heap, bytes(), 3, { script: 'threads.js', leastSharedNs: 0 });
    vi.unstubAllGlobals();
    expect(together.threads).toBe(3);
    for (const [m, n, k] of [
      [5, 9, 30_000],
      [101, 70, 64],
      [300, 33, 257],
      [12, 8, 2049],
    ] as const) {
      const plan = randomPlan(heap, m, n, k);
      const partials = heap.malloc(splitScratchBytes(m, n, k));
      const resultOf = (run: (plan: GemmPlan) => void) => {
        const values = new Float32Array(heap.memory.buffer, plan.c, m * n);
        values.fill(Number.NaN);
        run(plan);
        return values.slice();
      };
      const whole = resultOf((plan) => runGemm(alone, plan));
      const split = resultOf((plan) => runGemmSplit(alone, plan, partials));
      for (let repeat = 0; repeat < 20; repeat++) {
        together.useThreads(repeat % 4 === 3 ? 'one' : 'all');
        expect(resultOf((plan) => runGemm(together, plan))).toEqual(whole);
        expect(resultOf((plan) => runGemmSplit(together, plan, partials))).toEqual(split);
      }
    }
    together.dispose();
  });

  test('takes no part of a call for one of the next, however late a thread is', async () => {
    vi.stubGlobal('Worker', NodeThread);
    const heap = sharedHeap();
    const alone = await startPool(heap, bytes(), 1);
    // More threads than cores: each is kept waiting now and then.
    const together = await startPool(heap, bytes(), 6, { script: 'threads.js', leastSharedNs: 0 });
    vi.unstubAllGlobals();
    const plans = [randomPlan(heap, 48, 8, 16), randomPlan(heap, 31, 40, 9), randomPlan(heap, 900, 16, 33)];
    const resultOf = ({ c, m, n }: GemmPlan) => new Float32Array(heap.memory.buffer, c, m * n);
    const expected = plans.map((plan) => {
      runGemm(alone, plan);
      return resultOf(plan).slice();
    });
    for (const plan of plans) resultOf(plan).fill(Number.NaN);
    for (let round = 0; round < 3000; round++) {
      const at = round % plans.length;
      const plan = plans[at] as GemmPlan;
      runGemm(together, plan);
      const last = resultOf(plan);
      if (last.some((value, i) => value !== expected[at]?.[i])) expect(last).toEqual(expected[at]);
      last.fill(Number.NaN);
    }
    expect(together.damage()).toBeUndefined();
    together.dispose();
  });
});
