import { describe, expect, test, vi } from 'vitest';
import { beginOnWasm, readBinaries } from '../runtime/kernels/cases/binaryCases.ts';
import { installKernels } from '../runtime/kernels/install.ts';
import { optimizerStep } from '../runtime/kernels/optimizerStep.ts';
import * as tf from '../runtime/tf.ts';
import { makeOptimizer } from './optimizer.ts';
import { follow, SHAPES, valuesOf, variablesOf } from './optimizerCases.ts';

const binaryOf = readBinaries();
beginOnWasm();

describe.each(['cpu', 'kernels'] as const)('on %s', (where) => {
  const begin = async () => {
    if (where === 'cpu') await tf.setBackend('cpu');
    else await installKernels(binaryOf('relaxed'));
    return tf.memory().numTensors;
  };

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses a gradient that holds %d, and changes nothing',
    async (bad) => {
      const before = await begin();
      const optimizer = makeOptimizer(tf, {});
      const variables = variablesOf();
      follow(optimizer, variables, [1]);
      const [weights, state] = [valuesOf(variables), optimizer.state()];
      const spoilt = variables.map((variable, i) => {
        const values = new Float32Array(variable.size);
        if (i === 3) values[variable.size - 1] = bad;
        return { name: variable.name, tensor: tf.tensor(values, variable.shape) };
      });
      const details = { variable: variables[3]?.name };
      const apply = () => optimizer.applyGradients(spoilt);
      expect(apply).toThrow(expect.objectContaining({ code: 'not-finite', details }));
      expect(valuesOf(variables)).toEqual(weights);
      expect(optimizer.state()).toEqual(state);
      tf.dispose([...variables, ...spoilt.map(({ tensor }) => tensor)]);
      optimizer.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test('leaves a clone of a weight unchanged', async () => {
    await begin();
    const variables = variablesOf();
    const clones = variables.map((variable) => variable.clone());
    const reshaped = tf.reshape(variables[0] as tf.Tensor, [-1]);
    const values = valuesOf(clones);
    const optimizer = makeOptimizer(tf, {});
    follow(optimizer, variables, [1, 2]);
    expect(valuesOf(clones)).toEqual(values);
    expect(reshaped.dataSync()).toEqual(values[0]);
    expect(valuesOf(variables)).not.toEqual(values);
    optimizer.dispose();
    tf.dispose([...variables, ...clones, reshaped]);
  });

  test('is seen by operations for which tfjs packs the weights', async () => {
    await begin();
    const ones = (shape: number[]) => tf.tidy(() => tf.variable(tf.ones(shape)));
    const variables = [ones([3, 3, 2, 1]), ones([3, 3, 2, 4]), ones([1, 2]), ones([2, 5])];
    const [depthwise, filter, alpha, matrix] = variables as [tf.Variable, tf.Variable, tf.Variable, tf.Variable];
    const image = tf.ones<tf.Rank.R4>([1, 3, 3, 2]);
    const results = () =>
      tf.tidy(() => [
        tf.depthwiseConv2d(image, depthwise as tf.Tensor4D, 1, 'valid').dataSync()[0],
        tf.fused
          .conv2d({ x: image, filter: filter as tf.Tensor4D, strides: 1, pad: 'valid', activation: 'elu' })
          .dataSync()[0],
        tf.prelu(tf.fill([1, 2], -1), alpha).dataSync()[0],
        tf.matMul(tf.ones([1, 2]), matrix).dataSync()[0],
      ]);
    expect(results()).toEqual([9, 18, -1, 2]);
    const optimizer = makeOptimizer(tf, { name: 'sgd', learningRate: 1 });
    tf.tidy(() => optimizer.applyGradients(variables.map((v) => ({ name: v.name, tensor: tf.fill(v.shape, -1) }))));
    expect(results()).toEqual([18, 36, -2, 4]);
    optimizer.dispose();
    tf.dispose([...variables, image]);
  });

  test('skips variables without a gradient, and updates them later', async () => {
    await begin();
    const optimizer = makeOptimizer(tf, { name: 'sgd', learningRate: 1 });
    const [first, second] = variablesOf([[2], [3]]) as [tf.Variable, tf.Variable];
    first.assign(tf.tensor1d([1, 2]));
    second.assign(tf.tensor1d([1, 2, 3]));
    const gradients = { [first.name]: tf.tensor1d([1, 1]), [second.name]: null };
    optimizer.applyGradients(gradients as unknown as tf.NamedTensorMap);
    optimizer.applyGradients({ [second.name]: tf.tensor1d([1, 1, 1]) });
    expect(valuesOf([first, second])).toEqual([Float32Array.of(0, 1), Float32Array.of(0, 1, 2)]);
    expect(optimizer.iterations).toBe(2);
    optimizer.dispose();
    tf.dispose([first, second]);
  });

  test('decays matrices only, or all', async () => {
    await begin();
    const decayed = (decay: 'all' | 'matrices') => {
      const variables = SHAPES.map((shape) => tf.tidy(() => tf.variable(tf.ones(shape))));
      const optimizer = makeOptimizer(tf, { name: 'adamw', learningRate: 0.5, weightDecay: 0.5, decay });
      tf.tidy(() => optimizer.applyGradients(variables.map((v) => ({ name: v.name, tensor: tf.zeros(v.shape) }))));
      const values = variables.map((variable) => variable.dataSync()[0]);
      tf.dispose(variables);
      optimizer.dispose();
      return values;
    };
    expect(decayed('matrices')).toEqual([0.75, 1, 1, 0.75]);
    expect(decayed('all')).toEqual([0.75, 0.75, 0.75, 0.75]);
  });

  test('trains a model that tfjs compiles and fits', async () => {
    const before = await begin();
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2], useBias: false })] });
    const optimizer = makeOptimizer(tf, { learningRate: 0.1 });
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const x = tf.tensor2d([1, 0, 0, 1, 1, 1], [3, 2]);
    const y = tf.tensor2d([2, -1, 1], [3, 1]);
    await model.fit(x, y, { epochs: 150, verbose: 0 });
    const [a, b] = (model.getWeights()[0] as tf.Tensor).dataSync();
    expect(a).toBeCloseTo(2, 2);
    expect(b).toBeCloseTo(-1, 2);
    expect(optimizer.getConfig()).toMatchObject({ name: 'adam', learningRate: 0.1 });
    model.dispose();
    optimizer.dispose();
    tf.dispose([x, y]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('works in place, in one call of the kernel for a step', async () => {
  const run = vi.spyOn(optimizerStep, 'run');
  await installKernels(binaryOf('simd'));
  const variables = variablesOf();
  const optimizer = makeOptimizer(tf, {});
  const places = variables.map(({ dataId }) => dataId);
  follow(optimizer, variables, [1, 2, 3]);
  expect(variables.map(({ dataId }) => dataId)).toEqual(places);
  expect(run).toHaveBeenCalledTimes(3);
  optimizer.dispose();
  tf.dispose(variables);
});

test('minimizes as tfjs’s own optimizers do, and follows a schedule', () => {
  const optimizer = makeOptimizer(tf, { name: 'sgd', learningRate: 0.25 });
  const x = tf.tidy(() => tf.variable(tf.scalar(1)));
  const cost = optimizer.minimize(() => tf.square(x) as tf.Scalar, true, [x]);
  expect([cost?.dataSync()[0], x.dataSync()[0]]).toEqual([1, 0.5]);
  optimizer.setLearningRate(0);
  optimizer.minimize(() => tf.square(x) as tf.Scalar);
  expect(x.dataSync()[0]).toBe(0.5);
  expect(() => optimizer.setLearningRate(-1)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  optimizer.dispose();
  tf.dispose([x, cost as tf.Scalar]);
});

test('starts afresh with a variable that took the name of another', () => {
  const optimizer = makeOptimizer(tf, { name: 'momentum', learningRate: 1 });
  const step = () => {
    const x = tf.tidy(() => tf.variable(tf.scalar(0), true, 'named'));
    tf.tidy(() => optimizer.applyGradients({ named: tf.scalar(-1) }));
    const value = x.dataSync()[0];
    x.dispose();
    return value;
  };
  expect([step(), step()]).toEqual([1, 1]);
  optimizer.dispose();
});
