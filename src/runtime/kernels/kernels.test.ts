import { resolveObjectURL } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Worker as Thread } from 'node:worker_threads';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { seededRandom } from '../../core/random.ts';
import * as tf from '../tf.ts';
import * as kernels from './all.ts';
import { type GemmPlan, linear, runGemm, runGemmSplit, splitScratchBytes } from './gemm.ts';
import { heapOf, installKernels, uninstallKernels } from './install.ts';
import type { Kernel } from './kernel.ts';
import { checkKernels } from './kernelCases.ts';
import { importingSharedMemory } from './module.ts';
import { startPool, type WasmHeap } from './pool.ts';

const SEED = 20_260;
const root = fileURLToPath(new URL('../../../', import.meta.url));
const levels = ['relaxed', 'simd'] as const;
const binaries: Record<string, Uint8Array<ArrayBuffer>> = {};
const list = Object.values(kernels) as Kernel[];

beforeAll(async () => {
  const files = levels.map((level) => [level, `${root}dist/kernels-${level}.wasm`] as const);
  if (!files.every(([, file]) => existsSync(file))) {
    execFileSync(process.execPath, ['wasm/build.mjs', 'dist'], { cwd: root });
  }
  for (const [level, file] of files) binaries[level] = new Uint8Array(await readFile(file));
  tf.setWasmPaths(`${root}node_modules/@tensorflow/tfjs-backend-wasm/dist/`);
  await tf.setBackend('wasm');
});

afterEach(async () => {
  uninstallKernels();
  vi.restoreAllMocks();
  await tf.setBackend('wasm');
});

describe.each(levels)('the %s binary', (level) => {
  const seed = SEED + levels.indexOf(level);
  const bytes = () => binaries[level] as Uint8Array<ArrayBuffer>;

  test('computes what the cpu backend computes', async () => {
    console.log(`random cases of the ${level} binary: seed ${seed}`);
    await installKernels(bytes());
    const tensorsBefore = tf.memory().numTensors;
    const checks = await checkKernels({ casesPerKernel: 300, seed });
    expect(
      checks.flatMap(({ kernelName, failures }) => failures.map((failure) => ({ kernelName, ...failure }))),
    ).toEqual([]);
    expect(checks.map(({ kernelName }) => kernelName).sort()).toEqual(list.map(({ kernelName }) => kernelName).sort());
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  test('answers every case but other activations itself', async () => {
    const spies = list.map((kernel) => vi.spyOn(kernel, 'run'));
    await installKernels(bytes());
    await checkKernels({ casesPerKernel: 50, seed });
    for (const { mock } of spies) {
      expect(mock.calls.length).toBeGreaterThanOrEqual(50);
      mock.calls.forEach(([, , attrs], i) => {
        const isLeft = ['sigmoid', 'elu'].includes(String(attrs?.['activation']));
        expect(mock.results[i]?.value === undefined).toBe(isLeft);
      });
    }
  });

  test('writes its output only, all of it, and reads nothing beside its inputs', async () => {
    const guards = guardHeap();
    await installKernels(bytes());
    const checks = await checkKernels({ casesPerKernel: 100, seed });
    uninstallKernels();
    expect(checks.flatMap(({ failures }) => failures)).toEqual([]);
    expect(guards.broken).toEqual([]);
    expect(guards.live()).toBe(0);
  });

  test('gives the same result when its work is cut into parts', async () => {
    const { instantiate } = WebAssembly;
    vi.spyOn(WebAssembly, 'instantiate').mockImplementation((async (
      module: WebAssembly.Module,
      imports: WebAssembly.Imports,
    ) => {
      const { exports } = await instantiate(module, imports);
      const runKernel = exports['runKernel'] as (...words: number[]) => void;
      const inParts = (kernel: number, args: number, scratch: number) => {
        for (const part of [3, 0, 2, 1]) runKernel(kernel, args, scratch, part, 4);
      };
      return { exports: { ...exports, runKernel: inParts } };
    }) as never);
    await installKernels(bytes());
    const checks = await checkKernels({ casesPerKernel: 60, seed });
    expect(checks.flatMap(({ failures }) => failures)).toEqual([]);
  });

  test('pads by more than the windows reach', async () => {
    // tfjs takes both sides of an output from the filter's height, so this one is 1 × 1, wholly in the left border.
    const inLeftBorder = () => tf.conv2d(tf.ones<tf.Rank.R4>([1, 1, 1, 1]), tf.ones<tf.Rank.R4>([5, 1, 1, 3]), 1, 2);
    // The stride skips the one pixel, which lies below two windows that end inside the top border.
    const inTopBorder = () => {
      const above: tf.backend_util.ExplicitPadding = [
        [0, 0],
        [5, 0],
        [0, 0],
        [0, 0],
      ];
      return tf.conv2d(tf.ones<tf.Rank.R4>([1, 1, 1, 1]), tf.ones<tf.Rank.R4>([1, 1, 1, 3]), 3, above);
    };
    const guards = guardHeap();
    await installKernels(bytes());
    // The smaller first: it must not find the scratch of the larger.
    expect(tf.tidy(() => [...inTopBorder().dataSync()])).toEqual([0, 0, 0, 0, 0, 0]);
    expect(tf.tidy(() => [...inLeftBorder().dataSync()])).toEqual([0, 0, 0]);
    uninstallKernels();
    expect(guards.broken).toEqual([]);
  });

  test('keeps neither tensors nor heap over a long loop', async () => {
    const guards = guardHeap();
    await installKernels(bytes());
    const step = () => tf.tidy(() => tf.dispose(trainingStep()));
    for (let i = 0; i < 20; i++) step();
    const { numTensors, numDataBuffers } = tf.memory();
    const heapBytes = heapBytesOf();
    const blocks = guards.live();
    for (let i = 0; i < 400; i++) step();
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
    expect(heapBytesOf()).toBe(heapBytes);
    expect(guards.live()).toBe(blocks);
    expect(guards.broken).toEqual([]);
  });

  test('gives its memory back, however often it is installed', async () => {
    const guards = guardHeap();
    for (let i = 0; i < 5; i++) {
      await installKernels(bytes());
      tf.tidy(() => tf.dispose(trainingStep()));
    }
    uninstallKernels();
    expect(guards.live()).toBe(0);
  });

  test('links to a shared memory once the flag is set, and to an unshared one as it is', async () => {
    const shared = { env: { memory: new WebAssembly.Memory({ initial: 2, maximum: 16, shared: true }) } };
    const unshared = { env: { memory: new WebAssembly.Memory({ initial: 2, maximum: 16 }) } };
    const flagged = importingSharedMemory(bytes());
    await expect(WebAssembly.instantiate(flagged, shared)).resolves.toHaveProperty('instance');
    await expect(WebAssembly.instantiate(bytes(), unshared)).resolves.toHaveProperty('instance');
    await expect(WebAssembly.instantiate(flagged, unshared)).rejects.toThrow(WebAssembly.LinkError);
    await expect(WebAssembly.instantiate(bytes(), shared)).rejects.toThrow(WebAssembly.LinkError);
  });

  test('gives the very same numbers on three threads', async () => {
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
        expect(resultOf((plan) => runGemm(together, plan))).toEqual(whole);
        expect(resultOf((plan) => runGemmSplit(together, plan, partials))).toEqual(split);
      }
    }
    together.dispose();
  });
});

describe('installing and falling back', () => {
  const bytes = () => binaries['simd'] as Uint8Array<ArrayBuffer>;
  const registered = () => [
    ...list.map(({ kernelName }) => tf.getKernel(kernelName, 'wasm')),
    tf.getGradient(tf.Conv2D),
  ];

  test('uninstalling puts back exactly what was registered before, also after installing twice', async () => {
    const before = registered();
    const first = await installKernels(bytes());
    const during = registered();
    before.forEach((original, i) => {
      expect(during[i]).toBeDefined();
      expect(during[i]).not.toBe(original);
    });
    const second = await installKernels(bytes());
    first.uninstall();
    expect(registered()[0]).not.toBe(before[0]);
    second.uninstall();
    second.uninstall();
    registered().forEach((now, i) => void expect(now).toBe(before[i]));
  });

  test('another backend than wasm is refused', async () => {
    const before = registered();
    await tf.setBackend('cpu');
    const refused = installKernels(bytes());
    await expect(refused).rejects.toBeInstanceOf(LimbeckError);
    await expect(refused).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringContaining('"cpu"'),
    });
    expect(registered()).toEqual(before);
  });

  test('what the kernels do not support fails, or works, as tfjs has it', async () => {
    const wholeProduct = () => tf.matMul(tf.ones([2, 2], 'int32'), tf.ones([2, 2], 'int32'));
    const channelsFirst = () =>
      tf.conv2d(tf.ones<tf.Rank.R4>([1, 1, 3, 3]), tf.ones<tf.Rank.R4>([2, 2, 1, 1]), 1, 'valid', 'NCHW');
    const emptyProduct = () => tf.matMul(tf.ones([0, 3]), tf.ones([3, 2]));
    const stock = [wholeProduct, channelsFirst].map(messageOf);
    await installKernels(bytes());
    expect([wholeProduct, channelsFirst].map(messageOf)).toEqual(stock);
    expect(stock).toEqual([expect.stringContaining('non-float32'), expect.stringContaining('channelsFirst')]);
    expect(messageOf(emptyProduct)).toBe('no error, shape [0,2]');
  });

  test('a kernel that tfjs-wasm lacks names itself where it does not apply', async () => {
    await installKernels(bytes());
    const images = tf.ones([1, 1, 2, 2]);
    const attrs = { filterShape: [1, 1, 1, 1], strides: 1, pad: 'valid', dataFormat: 'NCHW' };
    expect(() => tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: images, dy: images }, attrs)).toThrow(
      "'Conv2DBackpropFilter' with these inputs is not supported",
    );
    images.dispose();
  });

  test('a dilated gradient on another backend is refused instead of computed without the dilation', async () => {
    await installKernels(bytes());
    await tf.setBackend('cpu');
    tf.tidy(() => {
      const filter = tf.ones<tf.Rank.R4>([3, 3, 1, 1]);
      const gradient = tf.grad((x) => tf.conv2d(x as tf.Tensor4D, filter, 1, 'same', 'NHWC', 2));
      expect(() => gradient(tf.ones<tf.Rank.R4>([1, 6, 6, 1]))).toThrow(
        expect.objectContaining({ code: 'backend-unavailable' }),
      );
    });
  });
});

/** One step of a small network through every kernel; the caller frees the gradients. */
function trainingStep(): tf.Tensor[] {
  const x = tf.ones<tf.Rank.R4>([2, 9, 9, 3]);
  const filters = [tf.ones([3, 3, 3, 5]), tf.ones([3, 3, 5, 6]), tf.ones([96, 7]), tf.ones([7])];
  const loss = (...[first, second, weights, bias]: tf.Tensor[]) => {
    const conv = tf.conv2d(x, first as tf.Tensor4D, 1, 'same', 'NHWC', 2);
    const fused = tf.fused.conv2d({
      x: conv,
      filter: second as tf.Tensor4D,
      strides: 1,
      pad: 'same',
      activation: 'relu',
    });
    const pooled = tf.maxPool(fused, 3, 2, 'valid');
    const a = tf.reshape(pooled, [2, 96]);
    const dense = tf.fused.matMul({ a, b: weights as tf.Tensor, bias, activation: 'relu' });
    return tf.sum(tf.matMul(dense, dense, false, true)) as tf.Scalar;
  };
  return tf.grads(loss)(filters);
}

function messageOf(operation: () => tf.Tensor): string {
  try {
    return tf.tidy(() => `no error, shape [${operation().shape}]`);
  } catch (error) {
    return String(error);
  }
}

function heapBytesOf(): number {
  return heapOf(tf.backend() as tf.BackendWasm).memory.buffer.byteLength;
}

/** Bits of a NaN that no computation gives: it marks memory, and poisons every result that reads it. */
const MARK = 0x7fc0dead;
const GUARD_BYTES = 4096;

/**
 * From here to the end of the test, every block of tfjs's heap (tensors, scratch, arguments) lies between two guards
 * and is itself filled with the mark: a write beside a block is noticed when it is freed, and a value that is read
 * beside an input, or never written in an output, turns up as NaN.
 */
function guardHeap() {
  const { wasm } = tf.backend() as unknown as {
    wasm: { _malloc(bytes: number): number; _free(address: number): void };
  };
  const { memory } = heapOf(tf.backend() as tf.BackendWasm);
  const { _malloc: malloc, _free: free } = wasm;
  const sizes = new Map<number, number>();
  const broken: string[] = [];
  const wordsAt = (address: number, bytes: number) => new Uint32Array(memory.buffer, address, bytes / 4);
  vi.spyOn(wasm, '_malloc').mockImplementation((bytes) => {
    const size = Math.ceil(bytes / 4) * 4;
    const start = malloc(size + 2 * GUARD_BYTES);
    wordsAt(start, size + 2 * GUARD_BYTES).fill(MARK);
    sizes.set(start + GUARD_BYTES, size);
    return start + GUARD_BYTES;
  });
  vi.spyOn(wasm, '_free').mockImplementation((address) => {
    const size = sizes.get(address);
    if (size === undefined) {
      free(address);
      return;
    }
    sizes.delete(address);
    const isWhole = (at: number) => wordsAt(at, GUARD_BYTES).every((word) => word === MARK);
    if (!isWhole(address - GUARD_BYTES)) broken.push(`before a block of ${size} bytes`);
    if (!isWhole(address + size)) broken.push(`behind a block of ${size} bytes`);
    free(address - GUARD_BYTES);
  });
  return { broken, live: () => sizes.size };
}

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
