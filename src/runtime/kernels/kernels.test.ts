import { describe, expect, test, vi } from 'vitest';
import { isLong } from '../../../scripts/isLong.mjs';
import * as tf from '../tf.ts';
import * as kernels from './all.ts';
import { beginOnWasm, cutInto, levels, readBinaries, SEED } from './cases/binaryCases.ts';
import { guardHeap } from './cases/guardCases.ts';
import { checkKernels } from './cases/kernelCases.ts';
import { heapOf, installKernels, uninstallKernels } from './install.ts';
import type { Kernel } from './kernel.ts';
import { axesOf, reductionOf } from './reduce/reduction.ts';

const list = Object.values(kernels).flat() as Kernel[];
const binaryOf = readBinaries();
beginOnWasm();

describe.each(levels)('the %s binary', (level) => {
  // The same of both, so that the cpu backend computes each once.
  const seed = SEED;
  const bytes = () => binaryOf(level);

  test('computes what the cpu backend computes', async () => {
    console.log(`random cases of the ${level} binary: seed ${seed}`);
    await installKernels(bytes());
    const tensorsBefore = tf.memory().numTensors;
    const checks = await checkKernels({ casesPerKernel: isLong ? 150 : 24, seed });
    expect(
      checks.flatMap(({ kernelName, failures }) => failures.map((failure) => ({ kernelName, ...failure }))),
    ).toEqual([]);
    expect(checks.map(({ kernelName }) => kernelName).sort()).toEqual(list.map(({ kernelName }) => kernelName).sort());
    expect(tf.memory().numTensors).toBe(tensorsBefore);
    // Thousands of cases: a busy machine takes longer than the minute that a test has.
  }, 180_000);

  test('answers every case but other activations itself', async () => {
    const spies = list.map((kernel) => [kernel.kernelName, vi.spyOn(kernel, 'run')] as const);
    await installKernels(bytes());
    await checkKernels({ casesPerKernel: 25, seed });
    const strange: string[] = [];
    for (const [kernelName, { mock }] of spies) {
      expect(mock.calls.length, kernelName).toBeGreaterThanOrEqual(20);
      mock.calls.forEach(([, inputs, attrs], i) => {
        const isLeft = ['sigmoid', 'elu'].includes(String(attrs?.['activation']));
        // Indices of other cases are cast from floats.
        const isOther = kernelName === tf.Cast && attrs?.['dtype'] !== 'float32';
        const isAnswered = mock.results[i]?.value !== undefined;
        if (isAnswered === isLeft && !isOther && !isSplitSum(kernelName, inputs, attrs))
          strange.push(`${kernelName} ${JSON.stringify(attrs)}`);
      });
    }
    expect(strange).toEqual([]);
  });

  test('writes its output only, all of it, and reads nothing beside its inputs', async () => {
    const guards = guardHeap();
    await installKernels(bytes());
    const checks = await checkKernels({ casesPerKernel: isLong ? 50 : 20, seed });
    uninstallKernels();
    expect(checks.flatMap(({ failures }) => failures)).toEqual([]);
    expect(guards.broken).toEqual([]);
    expect(guards.live()).toBe(0);
  });

  test('gives the same result when its work is cut into parts', async () => {
    cutInto([3, 0, 2, 1]);
    await installKernels(bytes());
    const checks = await checkKernels({ casesPerKernel: isLong ? 40 : 20, seed });
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
});

/** A sum whose axes have a kept one between them, which an einsum may ask for. */
function isSplitSum(kernelName: string, { x }: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap | undefined): boolean {
  if (kernelName !== tf.Sum && kernelName !== tf.Mean) return false;
  const { shape } = x as tf.TensorInfo;
  return reductionOf(shape, axesOf(shape, attrs?.['axis'])) === undefined;
}

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

function heapBytesOf(): number {
  return heapOf(tf.backend() as tf.BackendWasm).memory.buffer.byteLength;
}
