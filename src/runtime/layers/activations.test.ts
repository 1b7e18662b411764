import { describe, expect, test, vi } from 'vitest';
import { beginOnWasm, readBinaries } from '../kernels/cases/binaryCases.ts';
import { installKernels, uninstallKernels } from '../kernels/install.ts';
import * as tf from '../tf.ts';

const binaryOf = readBinaries();
beginOnWasm();

/** What a layer of these values computes, and the slopes of its sum of squares. */
function evaluate(activation: string): number[] {
  return tf.tidy(() => {
    const layer = tf.layers.activation({ activation: activation as 'relu' });
    const x = tf.tensor2d([-4, -2.7, -0.3, 0.2, 1.4, 7.5], [2, 3]);
    const { value, grad } = tf.valueAndGrad((input) => tf.sum(tf.square(layer.apply(input) as tf.Tensor)) as tf.Scalar)(
      x,
    );
    return [...value.dataSync(), ...grad.dataSync()];
  });
}

describe('activations of layers', () => {
  test.each([
    ['gelu', 'Gelu'],
    ['gelu_new', 'GeluTanh'],
    ['swish', 'Silu'],
    ['hardSigmoid', 'HardSigmoid'],
    ['logSoftmax', 'LogSoftmax'],
    ['relu6', 'Relu6'],
    ['selu', 'Elu'],
  ])('%s runs as %s, and is tfjs’s own again afterwards', async (activation, kernelName) => {
    const expected = evaluate(activation);
    await installKernels(binaryOf('simd'));
    const run = vi.spyOn(tf.engine(), 'runKernel');
    const actual = evaluate(activation);
    expect(run.mock.calls.map(([name]) => name)).toContain(kernelName);
    expected.forEach((value, i) => {
      expect(Math.abs((actual[i] as number) - value)).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(value)));
    });
    uninstallKernels();
    run.mockClear();
    expect(evaluate(activation)).toEqual(expected);
    expect(run.mock.calls.map(([name]) => name).filter((name) => name === kernelName && name !== 'Relu6')).toEqual([]);
  });
});

describe('dropout layers', () => {
  const x = () => tf.ones([8, 50]);
  const masksOf = (layer: ReturnType<typeof tf.layers.dropout>, count: number) =>
    Array.from({ length: count }, () =>
      tf.tidy(() => [...(layer.apply(x(), { training: true }) as tf.Tensor).dataSync()].join()),
    );

  test('draw the same masks from the same seed, another each step, and none outside training', async () => {
    await installKernels(binaryOf('simd'));
    const make = (seed: number) => tf.layers.dropout({ rate: 0.5, seed });
    const masks = masksOf(make(3), 4);
    expect(masksOf(make(3), 4)).toEqual(masks);
    expect(new Set([...masks, ...masksOf(make(4), 4)]).size).toBe(8);
    expect(tf.tidy(() => [...(make(3).apply(x()) as tf.Tensor).dataSync()].every((value) => value === 1))).toBe(true);
  });

  test('draw one number for what shares it: noise shapes and spatial dropout', async () => {
    await installKernels(binaryOf('simd'));
    const rows = tf.layers.dropout({ rate: 0.5, seed: 1, noiseShape: [8, 1] });
    const [first, second] = masksOf(rows, 2).map((mask) => mask.split(',').map(Number)) as [number[], number[]];
    expect(second).not.toEqual(first);
    for (const [i, value] of first.entries()) expect(value).toBe(first[i - (i % 50)]);
    expect(new Set(first)).toEqual(new Set([0, 2]));
    tf.tidy(() => {
      const spatial = tf.layers.spatialDropout1d({ rate: 0.5, seed: 3 });
      const [a, b] = [0, 1].map(() => spatial.apply(tf.ones([2, 3, 40]), { training: true }) as tf.Tensor3D);
      const steps = tf.unstack(a as tf.Tensor3D, 1).map((step) => step.dataSync().join());
      expect(new Set(steps).size).toBe(1);
      expect(b?.dataSync()).not.toEqual(a?.dataSync());
    });
  });
});
