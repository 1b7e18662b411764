import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import * as tf from '../tf.ts';
import * as kernels from './all.ts';
import { beginOnWasm, readBinaries } from './cases/binaryCases.ts';
import { installKernels } from './install.ts';
import type { Kernel } from './kernel.ts';

const list = Object.values(kernels).flat() as Kernel[];
const binaryOf = readBinaries();
beginOnWasm();

describe('installing and falling back', () => {
  const bytes = () => binaryOf('simd');
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

  test('what the kernels do not support, and tfjs-wasm refuses, is computed all the same', async () => {
    const wholeProduct = () => tf.matMul(tf.tensor([[1, 2]], [1, 2], 'int32'), tf.tensor([[3], [4]], [2, 1], 'int32'));
    const channelsFirst = () =>
      tf.conv2d(tf.ones<tf.Rank.R4>([1, 1, 3, 3]), tf.ones<tf.Rank.R4>([2, 2, 1, 1]), 1, 'valid', 'NCHW');
    const emptyProduct = () => tf.matMul(tf.ones([0, 3]), tf.ones([3, 2]));
    const stock = [wholeProduct, channelsFirst].map(messageOf);
    expect(stock).toEqual([expect.stringContaining('non-float32'), expect.stringContaining('channelsFirst')]);
    await installKernels(bytes());
    expect([wholeProduct, channelsFirst, emptyProduct].map(messageOf)).toEqual([
      'no error, int32 [1,1] of 11',
      'no error, float32 [1,1,2,2] of 4,4,4,4',
      'no error, float32 [0,2] of ',
    ]);
  });

  test('an operation that neither limbeck nor tfjs has names itself', async () => {
    await installKernels(bytes());
    expect(() => tf.engine().runKernel('NoSuchOperation', {})).toThrow("'NoSuchOperation' not registered");
  });

  test('on another backend tfjs answers as ever: it refuses a dilated gradient', async () => {
    await installKernels(bytes());
    await tf.setBackend('cpu');
    tf.tidy(() => {
      const filter = tf.ones<tf.Rank.R4>([3, 3, 1, 1]);
      const gradient = tf.grad((x) => tf.conv2d(x as tf.Tensor4D, filter, 1, 'same', 'NHWC', 2));
      expect(() => gradient(tf.ones<tf.Rank.R4>([1, 6, 6, 1]))).toThrow('dilation rates');
    });
  });
});

function messageOf(operation: () => tf.Tensor): string {
  try {
    return tf.tidy(() => {
      const result = operation();
      return `no error, ${result.dtype} [${result.shape}] of ${result.dataSync()}`;
    });
  } catch (error) {
    return String(error);
  }
}
