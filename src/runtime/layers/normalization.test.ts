import { describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { sizeOf } from '../../core/shape.ts';
import { beginOnWasm, levels, readBinaries } from '../kernels/cases/binaryCases.ts';
import { installKernels, uninstallKernels } from '../kernels/install.ts';
import * as tf from '../tf.ts';

/** A small model with the layer in its middle; the first number of a shape is the batch. */
interface Subject {
  readonly shape: readonly number[];
  layer(): Parameters<tf.Sequential['add']>[0];
}

const subjects: Record<string, Subject> = {
  'batch normalisation of vectors': { shape: [33, 6], layer: () => tf.layers.batchNormalization() },
  'batch normalisation of sequences': { shape: [5, 7, 3], layer: () => tf.layers.batchNormalization({ axis: 2 }) },
  'batch normalisation of images': {
    shape: [4, 9, 9, 20],
    layer: () => tf.layers.batchNormalization({ momentum: 0.7, epsilon: 1e-5 }),
  },
  'layer normalisation of vectors': { shape: [33, 6], layer: () => tf.layers.layerNormalization() },
  'layer normalisation of sequences': {
    shape: [5, 7, 130],
    layer: () => tf.layers.layerNormalization({ axis: -1, epsilon: 1e-5 }),
  },
  'layer normalisation of two axes': {
    shape: [3, 4, 5],
    layer: () => tf.layers.layerNormalization({ axis: [1, 2] }),
  },
};

function randomTensor(shape: readonly number[], seed: number): tf.Tensor {
  const random = seededRandom(seed);
  return tf.tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => random() * 4 - 1),
    [...shape],
  );
}

function makeModel({ shape, layer }: Subject): tf.Sequential {
  const model = tf.sequential();
  model.add(tf.layers.dense({ units: shape.at(-1) as number, inputShape: shape.slice(1) }));
  model.add(layer());
  model.add(tf.layers.dense({ units: 3 }));
  tf.tidy(() => model.setWeights(model.getWeights().map(({ shape: of }, i) => tf.abs(randomTensor(of, i + 1)))));
  return model;
}

type Numbers = Record<string, number[]>;

/** Outputs, gradients and all weights of two steps of training, then the outputs of the trained model. */
function train(subject: Subject): Numbers {
  const model = makeModel(subject);
  const numbers: Numbers = {};
  const keep = (name: string, tensor: tf.Tensor) => {
    numbers[name] = [...tensor.dataSync()];
  };
  const optimizer = tf.train.sgd(0.01);
  for (const step of [1, 2]) {
    tf.tidy(() => {
      const x = randomTensor(subject.shape, 10 + step);
      const { grads } = tf.variableGrads(() => {
        const y = model.apply(x, { training: true }) as tf.Tensor;
        keep(`outputs ${step}`, y);
        return tf.mean(tf.mul(tf.square(y), randomTensor(y.shape, 20)));
      });
      Object.values(grads).forEach((gradient, i) => void keep(`gradient ${step}.${i}`, gradient));
      optimizer.applyGradients(grads);
      model.getWeights().forEach((weight, i) => void keep(`weight ${step}.${i}`, weight));
    });
  }
  tf.tidy(() => keep('inference', model.predict(randomTensor(subject.shape, 30)) as tf.Tensor));
  model.dispose();
  optimizer.dispose();
  return numbers;
}

/** Layer normalisation divides by what may be small, and two steps of training follow each other. */
function expectNear(actual: Numbers, expected: Numbers): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    const largest = Math.max(1, ...values.map(Math.abs));
    values.forEach((value, i) => {
      expect(Math.abs((actual[name]?.[i] as number) - value), `${name}[${i}]`).toBeLessThanOrEqual(2e-5 * largest);
    });
  }
}

const binaryOf = readBinaries();
beginOnWasm();

describe.each(levels)('with the %s kernels', (level) => {
  test.each(Object.entries(subjects))('%s trains as tfjs on its cpu backend', async (_name, subject) => {
    await tf.setBackend('cpu');
    const expected = train(subject);
    await tf.setBackend('wasm');
    await installKernels(binaryOf(level));
    const tensorsBefore = tf.memory().numTensors;
    expectNear(train(subject), expected);
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  test.each(['batchNormalization', 'layerNormalization'] as const)(
    '%s trains without gamma and beta, where tfjs-layers fails, as if they were one and zero',
    async (name) => {
      const bare = () => alone(tf.layers[name]({ scale: false, center: false }), [9, 4]);
      expect(bare).toThrow();
      await tf.setBackend('cpu');
      const expected = alone(tf.layers[name]({}), [9, 4]);
      await tf.setBackend('wasm');
      await installKernels(binaryOf(level));
      expectNear(bare(), expected);
    },
  );

  test('batch normalisation of another axis, which tfjs cannot train, is left to tfjs', async () => {
    const outputs = () =>
      tf.tidy(() => {
        const layer = tf.layers.batchNormalization({ axis: 1 });
        const y = layer.apply(randomTensor([4, 5, 6], 1), { training: true }) as tf.Tensor;
        return { y: [...y.dataSync()] };
      });
    await tf.setBackend('cpu');
    const expected = outputs();
    await tf.setBackend('wasm');
    await installKernels(binaryOf(level));
    expectNear(outputs(), expected);
  });
});

/** Output and gradient of one layer in training, with the weights that it begins with. */
function alone(layer: { apply(x: tf.Tensor, call: { training: boolean }): unknown }, shape: number[]): Numbers {
  return tf.tidy(() => {
    const apply = (x: tf.Tensor) => layer.apply(x, { training: true }) as tf.Tensor;
    const { value, grad } = tf.valueAndGrad((x) => tf.mul(apply(x), randomTensor(shape, 2)))(randomTensor(shape, 1));
    return { value: [...value.dataSync()], grad: [...grad.dataSync()] };
  });
}

test('a step runs one kernel a layer forward, and one backward', async () => {
  await installKernels(binaryOf('simd'));
  const spy = vi.spyOn(tf.engine(), 'runKernel');
  train(subjects['batch normalisation of images'] as Subject);
  train(subjects['layer normalisation of sequences'] as Subject);
  const called = (kernelName: string) => spy.mock.calls.filter(([name]) => name === kernelName).length;
  const ours = ['BatchNormTraining', 'BatchNormTrainingGrad', 'MovingAverage', 'LayerNorm', 'LayerNormGrad'];
  expect(ours.map(called)).toEqual([2, 2, 2, 3, 2]);
  // Once, for the trained model.
  expect(called(tf.FusedBatchNorm)).toBe(1);
});

test('uninstalled, and on another backend, tfjs’s own layers answer', async () => {
  const classes = ['BatchNormalization', 'LayerNormalization'];
  const calls = () =>
    classes.map((name) => {
      const [layerClass] = tf.serialization.SerializationMap.getMap().classNameMap[name] ?? [];
      return (layerClass as unknown as { prototype: { call: unknown } }).prototype.call;
    });
  const before = calls();
  await installKernels(binaryOf('simd'));
  calls().forEach((call, i) => void expect(call).not.toBe(before[i]));
  await tf.setBackend('cpu');
  const spy = vi.spyOn(tf.engine(), 'runKernel');
  train(subjects['batch normalisation of vectors'] as Subject);
  expect(spy.mock.calls.some(([name]) => name === 'BatchNormTraining')).toBe(false);
  await tf.setBackend('wasm');
  uninstallKernels();
  expect(calls()).toEqual(before);
  expect(tf.getKernel('BatchNormTraining', 'wasm')).toBeUndefined();
  expect(tf.getGradient('BatchNormTraining')).toBeUndefined();
});
