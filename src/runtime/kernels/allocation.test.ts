import { afterEach, describe, expect, test } from 'vitest';
import * as tf from '../tf.ts';
import { beginOnWasm, readBinaries } from './cases/binaryCases.ts';
import { guardHeap } from './cases/guardCases.ts';
import { installKernels, uninstallKernels } from './install.ts';

const binaryOf = readBinaries();
beginOnWasm();

const tooMany = expect.objectContaining({ code: 'out-of-memory', message: expect.stringContaining('smaller batch') });
const heap = () => (tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } }).wasm;

let putBack = () => {};
afterEach(() => putBack());

/** Kernels are installed on a heap that gives 0 for one allocation, counted from 0 where `failAt` is called. */
async function failingHeap() {
  // Emscripten's functions replace themselves when they are called first.
  tf.scalar(1).dispose();
  const { _malloc: malloc } = heap();
  let left = Number.POSITIVE_INFINITY;
  heap()._malloc = (bytes) => (left-- === 0 ? 0 : malloc(bytes));
  putBack = () => {
    heap()._malloc = malloc;
  };
  const guards = guardHeap();
  await installKernels(binaryOf('simd'));
  return {
    guards,
    failAt: (place: number) => {
      left = place;
    },
    /** Whether an allocation has failed since. */
    hasFailed: () => left < 0,
  };
}

/** Operations that are put together from several kernels, and hold inputs and results in between. */
const COMPOSED: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
  einsum: (a, b) => tf.einsum('bij,kjb->bik', a, b),
  'a fused product': (a, b) => tf.fused.matMul({ a, b, transposeB: true, bias: tf.ones([3, 3]), activation: 'elu' }),
  'channels first': (a, b) =>
    tf.conv2d(tf.reshape(a, [1, 3, 3, 3]) as tf.Tensor4D, tf.reshape(b, [3, 3, 3, 1]) as tf.Tensor4D, 1, 1, 'NCHW'),
  prelu: (a, b) => tf.prelu(a, b),
  softmax: (a) => tf.softmax(a),
  split: (a) => tf.split(a, 3)[1] as tf.Tensor,
};

describe('an allocation that fails', () => {
  test.each(Object.entries(COMPOSED))('%s: throws, and leaves nothing', async (_name, operation) => {
    const { guards, failAt, hasFailed } = await failingHeap();
    const [a, b] = [tf.ones([3, 3, 3]), tf.ones([3, 3, 3])];
    tf.tidy(() => void operation(a, b));
    const { numTensors, numDataBuffers } = tf.memory();
    const live = guards.live();
    let places = 0;
    for (; places < 100; places++) {
      failAt(places);
      const run = () => tf.tidy(() => void operation(a, b));
      if (places === 0) expect(run).toThrow(tooMany);
      else {
        try {
          run();
        } catch (error) {
          expect(error).toEqual(tooMany);
        }
      }
      const isDone = !hasFailed();
      failAt(Number.POSITIVE_INFINITY);
      expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
      expect(guards.live(), `place ${places}`).toBe(live);
      if (isDone) break;
    }
    expect(places).toBeGreaterThan(0);
    expect(places).toBeLessThan(100);
    tf.dispose([a, b]);
    uninstallKernels();
    expect(guards.broken).toEqual([]);
    expect(guards.live()).toBe(0);
  });

  test('sizes beyond 32 bits are refused, and those near them', async () => {
    await installKernels(binaryOf('simd'));
    const backend = tf.backend() as tf.BackendWasm;
    // A hole, which the compiled malloc would give for a size that it counts past 2³².
    const holes = Array.from({ length: 20 }, (_, i) => backend.makeOutput([100 * (i + 1)], 'float32'));
    for (const [i, { dataId }] of holes.entries()) if (i % 2 === 0) backend.disposeData(dataId);
    const ids = backend.numDataIds();
    for (const bytes of [2 ** 32 - 64, 2 ** 32 - 4, 2 ** 32, 2 ** 32 + 64, 2 ** 40, -4, Number.NaN]) {
      expect(() => backend.makeOutput([bytes / 4], 'float32'), `${bytes}`).toThrow(tooMany);
    }
    expect(backend.numDataIds()).toBe(ids);
    for (const [i, { dataId }] of holes.entries()) if (i % 2 === 1) backend.disposeData(dataId);
  });

  test('uninstalling gives tfjs its own allocation back', async () => {
    const { _malloc: malloc } = heap();
    await installKernels(binaryOf('simd'));
    expect(heap()._malloc).not.toBe(malloc);
    uninstallKernels();
    expect(heap()._malloc).toBe(malloc);
  });
});
