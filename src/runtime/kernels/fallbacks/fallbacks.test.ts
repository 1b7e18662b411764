import { describe, expect, test } from 'vitest';
import * as tf from '../../tf.ts';
import { beginOnWasm, readBinaries } from '../cases/binaryCases.ts';
import { installKernels } from '../install.ts';

const binaryOf = readBinaries();
beginOnWasm();

const install = () => installKernels(binaryOf('simd'));
const values = (shape: number[], seed: number) => tf.randomUniform(shape, -2, 2, 'float32', seed);
const ACTIVATIONS = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const;
type Pads = number | 'same' | tf.backend_util.ExplicitPadding;

/** The same on tfjs's cpu backend and on wasm with kernels; neither keeps anything. */
async function expectAsOnCpu(compute: () => tf.Tensor): Promise<void> {
  await install();
  const resultOn = async (name: string) => {
    await tf.setBackend(name);
    const ids = tf.backend().numDataIds();
    const { numTensors, numDataBuffers } = tf.memory();
    let result = { shape: [] as number[], dtype: '', data: [] as unknown[] };
    tf.tidy(() => {
      const tensor = compute();
      result = { shape: tensor.shape, dtype: tensor.dtype, data: [...tensor.dataSync()] };
    });
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
    expect(tf.backend().numDataIds()).toBe(ids);
    return result;
  };
  const wanted = await resultOn('cpu');
  const actual = await resultOn('wasm');
  expect(actual.shape).toEqual(wanted.shape);
  expect(actual.dtype).toBe(wanted.dtype);
  if (wanted.dtype === 'string') expect(actual.data).toEqual(wanted.data);
  else tf.test_util.expectArraysClose(actual.data as number[], wanted.data as number[], 1e-4);
}

describe('fused operations with any bias and activation', () => {
  test.each(ACTIVATIONS)('a product and %s', async (activation) => {
    for (const [transposeA, transposeB] of [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ]) {
      for (const bias of [[5], [1], [4, 5], [2, 4, 5], []]) {
        await expectAsOnCpu(() =>
          tf.fused.matMul({
            a: values(transposeA ? [2, 3, 4] : [2, 4, 3], 1),
            b: values(transposeB ? [2, 5, 3] : [2, 3, 5], 2),
            transposeA,
            transposeB,
            bias: values(bias, 3),
            activation,
            preluActivationWeights: activation === 'prelu' ? values([5], 4) : undefined,
            leakyreluAlpha: 0.3,
          }),
        );
      }
    }
  });

  const explicit: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [1, 2],
    [0, 1],
    [0, 0],
  ];
  const explicitFirst: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [0, 0],
    [1, 2],
    [0, 1],
  ];

  test.each(ACTIVATIONS)('a convolution and %s, channels last and first', async (activation) => {
    for (const dataFormat of ['NHWC', 'NCHW'] as const) {
      const isFirst = dataFormat === 'NCHW';
      // tfjs-wasm is wrong where the window is smaller than its stride.
      const windows: [number, number, Pads][] = [
        [3, 1, 'same'],
        [1, 2, 'same'],
        [2, 1, 0],
        [2, 1, isFirst ? explicitFirst : explicit],
      ];
      for (const [size, strides, pad] of windows) {
        for (const bias of [[4], [1], []]) {
          await expectAsOnCpu(() =>
            tf.fused.conv2d({
              x: values(isFirst ? [2, 3, 5, 6] : [2, 5, 6, 3], 1) as tf.Tensor4D,
              filter: values([size, size, 3, 4], 2) as tf.Tensor4D,
              strides,
              pad: pad as 'same',
              dataFormat,
              bias: values(bias, 3),
              activation,
              preluActivationWeights: activation === 'prelu' ? values([4], 4) : undefined,
              leakyreluAlpha: 0.3,
            }),
          );
        }
      }
    }
  });

  test('gradients of a convolution whose channels come first', async () => {
    await expectAsOnCpu(() => {
      const inputs = [values([2, 3, 5, 6], 1), values([2, 2, 3, 4], 2)];
      const loss = (x: tf.Tensor, filter: tf.Tensor) =>
        tf.sum(tf.square(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, [2, 1], 'same', 'NCHW'))) as tf.Scalar;
      return tf.concat(
        tf
          .grads(loss as never)(inputs)
          .map((gradient) => tf.reshape(gradient, [-1])),
      );
    });
  });

  test('slopes of every shape', async () => {
    for (const shape of [[], [5], [4, 1], [1, 5], [2, 4, 5], [2, 1, 1]]) {
      await expectAsOnCpu(() => tf.prelu(values([2, 4, 5], 1), values(shape, 2)));
    }
  });
});

describe('what tfjs’s cpu backend answers', () => {
  const words = () => tf.tensor(['a', 'bc', 'ü', ''], [2, 2]);
  const signal = () => tf.complex(values([2, 8], 1), values([2, 8], 2));
  test.each<[string, () => tf.Tensor]>([
    ['strings repeated', () => tf.tile(words(), [2, 1])],
    ['strings compared', () => tf.equal(words(), tf.tensor(['bc'], [1]))],
    ['strings joined', () => tf.concat([words(), words()], 1)],
    ['strings filled', () => tf.fill([2, 2], 'x' as never, 'string')],
    ['strings cloned and reshaped', () => tf.squeeze(tf.expandDims(tf.clone(words())))],
    ['whole matrices', () => tf.matMul(tf.tensor([[1, 2]], [1, 2], 'int32'), tf.ones([2, 3], 'int32'))],
    ['complex parts', () => tf.concat([tf.real(signal()), tf.imag(signal())])],
    ['complex arithmetic', () => tf.mul(tf.add(signal(), signal()), signal())],
    [
      'complex, reshaped and joined',
      () => tf.concat([tf.reshape(tf.clone(signal()), [4, 4]), tf.ones([1, 4], 'complex64')]),
    ],
    ['complex from float', () => tf.cast(values([3], 1), 'complex64')],
    ['magnitudes', () => tf.abs(signal())],
    ['a Fourier transform', () => tf.fft(signal())],
    ['a Fourier transform and back', () => tf.real(tf.ifft(tf.fft(signal())))],
    ['a spectrum of windows', () => tf.abs(tf.signal.stft(values([64], 1) as tf.Tensor1D, 16, 8))],
    ['a histogram of a matrix', () => tf.bincount(tf.ones([2, 3], 'int32') as never, tf.tensor1d([]), 3)],
  ])('%s', async (_name, compute) => {
    await expectAsOnCpu(compute);
  });

  test('a complex tensor outlives the kernels, and the backend is as before once it is gone', async () => {
    const kernels = await install();
    const backend = tf.backend();
    const [methods, ids] = [Object.keys(backend), backend.numDataIds()];
    const tensor = tf.tidy(() => tf.complex([1, 2], [3, 4]));
    kernels.uninstall();
    expect([...tensor.dataSync()]).toEqual([1, 3, 2, 4]);
    tensor.dispose();
    expect(backend.numDataIds()).toBe(ids);
    expect(Object.keys(backend)).toEqual(methods);
  });

  test('an error of the cpu backend leaves nothing behind', async () => {
    await install();
    const cpu = tf.findBackend('cpu');
    const [onWasm, onCpu] = [tf.backend().numDataIds(), cpu.numDataIds()];
    const [a, b] = [tf.tensor(['a', 'b']), tf.tensor(['a', 'b', 'c'])];
    expect(() => tf.engine().runKernel(tf.Equal, { a, b })).toThrow();
    tf.dispose([a, b]);
    expect([tf.backend().numDataIds(), cpu.numDataIds()]).toEqual([onWasm, onCpu]);
  });
});

describe('where tfjs-wasm is wrong', () => {
  test('NaN is not clipped, and infinity is', async () => {
    await expectAsOnCpu(() => tf.isNaN(tf.clipByValue([Number.NaN, 5, Number.NEGATIVE_INFINITY, 0.5], -1, 2)));
    await expectAsOnCpu(() => tf.clipByValue([Number.POSITIVE_INFINITY, 5, Number.NEGATIVE_INFINITY, 0.5], -1, 2));
    await expectAsOnCpu(() => tf.clipByValue(tf.tensor([-3, 0, 3], [3], 'int32'), -1, 2));
  });

  test('an image without rows', async () => {
    const image = () => tf.zeros([2, 0, 3, 4]) as tf.Tensor4D;
    const filter = () => values([1, 1, 4, 5], 2) as tf.Tensor4D;
    await expectAsOnCpu(() => tf.conv2d(image(), filter(), 1, 'same'));
    await expectAsOnCpu(() => tf.depthwiseConv2d(image(), values([3, 3, 4, 1], 3) as tf.Tensor4D, 1, 'same'));
    await expectAsOnCpu(() =>
      tf.fused.conv2d({ x: image(), filter: filter(), strides: 1, pad: 'same', activation: 'relu' }),
    );
    await expectAsOnCpu(() => tf.maxPool(image(), 2, 2, 'same'));
    await expectAsOnCpu(() => tf.sum(image(), [1, 2]));
    await expectAsOnCpu(() => tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3])));
    await expectAsOnCpu(() => tf.concat([image(), tf.ones([2, 1, 3, 4])], 1));
  });

  test('a maximum over volumes, and a transposed convolution of them', async () => {
    for (const [pad, stride] of [
      ['same', 2],
      ['valid', 1],
    ] as const) {
      const volume = () => tf.sub(values([2, 4, 5, 4, 3], 1), 3) as tf.Tensor5D;
      await expectAsOnCpu(() => tf.maxPool3d(volume(), 2, stride, pad));
      const side = (length: number) => (pad === 'same' ? 2 * length : length + 1);
      const shape: [number, number, number, number, number] = [2, side(4), side(5), side(4), 2];
      const filter = () => values([2, 2, 2, 2, 3], 2) as tf.Tensor5D;
      await expectAsOnCpu(() => tf.conv3dTranspose(volume(), filter(), shape, stride, pad));
    }
  });

  test('a number is true unless it is 0', async () => {
    await expectAsOnCpu(() => tf.cast([0, 0.5, 256, -3, Number.NaN, -0], 'bool'));
    await expectAsOnCpu(() => tf.cast(tf.tensor([0, 256, -1], [3], 'int32'), 'bool'));
  });

  test('a slice that leaves its tensor is refused', async () => {
    await install();
    tf.tidy(() => {
      expect(() => tf.slice(tf.ones([2, 3]), [1, 1], [2, 2])).toThrow('overflow');
      expect(tf.slice(tf.ones([2, 3]), [1, 1]).shape).toEqual([1, 2]);
    });
  });
});
