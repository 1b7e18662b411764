import { resolveObjectURL } from 'node:buffer';
import { Worker as Thread } from 'node:worker_threads';
import { describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { levels, readBinaries, SEED } from './binaryCases.ts';
import { type GemmPlan, linear, runGemm, runGemmSplit, splitScratchBytes } from './gemm.ts';
import { importingSharedMemory } from './module.ts';
import { startPool, type WasmHeap } from './pool.ts';

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
    vi.stubGlobal('Worker', NodeWorker);
    const heap = sharedHeap();
    const alone = await startPool(heap, bytes(), 1);
    const together = await startPool(heap, bytes(), 3);
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
});

/** A heap in shared memory that only grows. */
function sharedHeap(): WasmHeap {
  let next = 1024;
  return {
    memory: new WebAssembly.Memory({ initial: 256, maximum: 256, shared: true }),
    malloc(bytes) {
      const address = next;
      next += Math.ceil(bytes / 16) * 16;
      return address;
    },
    free() {},
  };
}

function randomPlan(heap: WasmHeap, m: number, n: number, k: number): GemmPlan {
  const random = seededRandom(SEED);
  const valuesOf = (count: number) => {
    const address = heap.malloc(count * 4);
    new Float32Array(heap.memory.buffer, address, count).set(Float32Array.from({ length: count }, random));
    return address;
  };
  return {
    a: valuesOf(m * k),
    b: valuesOf(k * n),
    c: valuesOf(m * n),
    m,
    n,
    k,
    aRows: linear(k),
    aCols: linear(1),
    bRows: linear(n),
    bCols: linear(1),
    cRows: linear(n),
  };
}

/** As much of a browser's worker as the pool's helpers use, on a thread of Node. */
class NodeWorker {
  onmessage?: (event: { data: unknown }) => void;
  readonly #thread: Promise<Thread>;

  constructor(url: string) {
    this.#thread = this.#start(resolveObjectURL(url) as unknown as Blob);
  }

  async #start(script: Blob): Promise<Thread> {
    const source = `const { parentPort } = require('node:worker_threads');
      globalThis.self = { postMessage: (message) => parentPort.postMessage(message) };
      ${await script.text()}
      parentPort.on('message', (data) => self.onmessage({ data }));`;
    const thread = new Thread(source, { eval: true });
    thread.on('message', (data) => this.onmessage?.({ data }));
    return thread;
  }

  async postMessage(message: unknown): Promise<void> {
    (await this.#thread).postMessage(message);
  }

  async terminate(): Promise<void> {
    await (await this.#thread).terminate();
  }
}
