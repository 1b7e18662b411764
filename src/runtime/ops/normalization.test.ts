import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { beginOnWasm, levels, readBinaries } from '../kernels/cases/binaryCases.ts';
import { finiteDifferences } from '../kernels/cases/finiteDifferenceCases.ts';
import { type PlainCall, plainNorm, plainNormGrad } from '../kernels/cases/normalizationCases.ts';
import { installKernels } from '../kernels/install.ts';
import * as tf from '../tf.ts';
import { batchNormTraining } from './batchNormTraining.ts';
import { layerNorm } from './layerNorm.ts';

/** One case of golden/normalization.json, which scripts/golden/normalization.py made with PyTorch in float64. */
interface GoldenCase {
  readonly shape: number[];
  readonly distance: number;
  readonly epsilon: number;
  readonly k: Readonly<Record<string, number[]>>;
  readonly results: Readonly<Record<string, number[]>>;
}

const golden = JSON.parse(readFileSync(new URL('./golden/normalization.json', import.meta.url), 'utf8')) as {
  readonly momentum: number;
  readonly batch: GoldenCase[];
  readonly layer: GoldenCase[];
};

/** An input of a case: distance + k / 16. */
function numbers({ k, distance }: GoldenCase, name: string): number[] {
  return (k[name] as number[]).map((value) => value / 16 + (name === 'x' ? distance : 0));
}

function plainCall(of: GoldenCase, kind: 'batch' | 'layer'): PlainCall {
  const width = of.shape.at(-1) as number;
  const x = numbers(of, 'x');
  const column = (i: number) => i % width;
  return {
    x,
    gamma: numbers(of, 'gamma'),
    beta: numbers(of, 'beta'),
    epsilon: of.epsilon,
    groups: kind === 'batch' ? width : x.length / width,
    groupOf: kind === 'batch' ? column : (i) => Math.floor(i / width),
    featureOf: column,
  };
}

type Results = Readonly<Record<string, ArrayLike<number>>>;

/** `share` of the largest number of each result may be missed. */
function expectResults(actual: Results, { results }: GoldenCase, share: number): void {
  for (const [name, values] of Object.entries(actual)) {
    const wanted = results[name] as number[];
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    expect(values.length, name).toBe(wanted.length);
    wanted.forEach((value, i) => {
      const missed = Math.abs((values[i] as number) - value);
      expect(missed, `${name} ${i}`).toBeLessThanOrEqual(share * largest);
    });
  }
}

function batchResults(of: GoldenCase): Results {
  return tf.tidy(() => {
    const tensor = (name: string) => tf.tensor(numbers(of, name));
    const [x, upper] = [tf.reshape(tensor('x'), of.shape), tf.reshape(tensor('uY'), of.shape)];
    const [gamma, beta] = [tensor('gamma'), tensor('beta')];
    const { y, mean, variance } = batchNormTraining(x, gamma, beta, of.epsilon);
    const loss = (...[value, scale, shift]: tf.Tensor[]) => {
      const outputs = batchNormTraining(value as tf.Tensor, scale, shift, of.epsilon);
      const parts = [
        tf.sum(tf.mul(outputs.y, upper)),
        tf.sum(tf.mul(outputs.mean, tensor('uMean'))),
        tf.sum(tf.mul(outputs.variance, tensor('uVariance'))),
      ];
      return tf.addN(parts);
    };
    const [dx, dGamma, dBeta] = tf.grads(loss)([x, gamma, beta]) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const tensors = { y, mean, variance, dx, dGamma, dBeta };
    return Object.fromEntries(Object.entries(tensors).map(([name, result]) => [name, result.dataSync()]));
  });
}

function layerResults(of: GoldenCase): Results {
  return tf.tidy(() => {
    const tensor = (name: string) => tf.tensor(numbers(of, name));
    const [x, upper] = [tf.reshape(tensor('x'), of.shape), tf.reshape(tensor('uY'), of.shape)];
    const [gamma, beta] = [tensor('gamma'), tensor('beta')];
    const y = layerNorm(x, gamma, beta, of.epsilon);
    const loss = (...[value, scale, shift]: tf.Tensor[]) =>
      tf.sum(tf.mul(layerNorm(value as tf.Tensor, scale, shift, of.epsilon), upper));
    const [dx, dGamma, dBeta] = tf.grads(loss)([x, gamma, beta]) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const tensors = { y, dx, dGamma, dBeta };
    return Object.fromEntries(Object.entries(tensors).map(([name, result]) => [name, result.dataSync()]));
  });
}

const named = (cases: GoldenCase[]) =>
  cases.map((of) => [`[${of.shape}] around ${of.distance}`, of] as [string, GoldenCase]);

/** The mean is handed to the gradient in float32: its rounding counts beside a spread of about one. */
const share = ({ distance }: GoldenCase) => 2e-6 + Math.abs(distance) * 2 ** -23;

const binaryOf = readBinaries();
beginOnWasm();

describe('the plain reference', () => {
  test.each(named(golden.batch))('gives PyTorch’s batch normalisation of %s', (_name, of) => {
    const call = plainCall(of, 'batch');
    const upper = { dy: numbers(of, 'uY'), dMean: numbers(of, 'uMean'), dVariance: numbers(of, 'uVariance') };
    expectResults({ ...plainNorm(call), ...plainNormGrad(call, upper) }, of, 1e-8);
  });

  test.each(named(golden.layer))('gives PyTorch’s layer normalisation of %s', (_name, of) => {
    const call = plainCall(of, 'layer');
    const none = Array.from({ length: call.groups }, () => 0);
    const gradients = plainNormGrad(call, { dy: numbers(of, 'uY'), dMean: none, dVariance: none });
    expectResults({ y: plainNorm(call).y, ...gradients }, of, 1e-8);
  });

  test.each(['batch', 'layer'] as const)(
    'has the gradients of %s normalisation that finite differences give',
    (kind) => {
      const of = golden[kind][0] as GoldenCase;
      const call = plainCall(of, kind);
      const none = Array.from({ length: call.groups }, () => 0);
      const upper = {
        dy: numbers(of, 'uY'),
        dMean: none.map((_, i) => 2 - i),
        dVariance: none.map((_, i) => i / 2 - 1),
      };
      const f = ([x = [], gamma = [], beta = []]: readonly (readonly number[])[]) => {
        const { y, mean, variance } = plainNorm({ ...call, x, gamma, beta });
        return [...y, ...mean, ...variance];
      };
      const inputs = [call.x, call.gamma, call.beta].map((values) => [...(values as number[])]);
      const weights = [...upper.dy, ...upper.dMean, ...upper.dVariance];
      const { dx, dGamma, dBeta } = plainNormGrad(call, upper);
      [dx, dGamma, dBeta].forEach((gradient, which) => {
        finiteDifferences(f, inputs, which, weights, 1e-4).forEach((slope, i) => {
          expect(Math.abs(slope - (gradient[i] as number))).toBeLessThan(1e-5);
        });
      });
    },
  );
});

describe.each(['cpu', ...levels] as const)('on %s', (place) => {
  const begin = async () => {
    if (place === 'cpu') await tf.setBackend('cpu');
    else await installKernels(binaryOf(place));
  };

  test.each(named(golden.batch))('batch normalisation of %s is PyTorch’s', async (_name, of) => {
    await begin();
    // Composed of tfjs operations, a variance is as exact as tfjs's mean.
    const results = batchResults(of);
    expectResults(results, of, share(of));
    if (place !== 'cpu') expectResults({ y: results['y'] ?? [], variance: results['variance'] ?? [] }, of, 2e-6);
  });

  test.each(named(golden.layer))('layer normalisation of %s is PyTorch’s', async (_name, of) => {
    await begin();
    const results = layerResults(of);
    expectResults(results, of, share(of));
    if (place !== 'cpu') expectResults({ y: results['y'] ?? [] }, of, 2e-6);
  });

  test('moving means are PyTorch’s, and no tensor is left behind', async () => {
    await begin();
    const tensorsBefore = tf.memory().numTensors;
    for (const of of golden.batch) {
      const inputShape = of.shape.slice(1);
      const options = { momentum: golden.momentum, epsilon: of.epsilon, inputShape };
      const model = tf.sequential({ layers: [tf.layers.batchNormalization(options)] });
      const moved = tf.tidy(() => {
        const [ones, zeros] = [tf.onesLike, tf.zerosLike].map((fill) => fill(model.getWeights()[0] as tf.Tensor));
        model.setWeights([ones, zeros, tf.tensor(numbers(of, 'moving')), ones] as tf.Tensor[]);
        model.apply(tf.tensor(numbers(of, 'x'), of.shape), { training: true });
        return (model.getWeights()[2] as tf.Tensor).dataSync();
      });
      model.dispose();
      expectResults({ movingMean: moved }, of, 2e-6);
    }
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  test('gamma and beta may be left out', async () => {
    await begin();
    tf.tidy(() => {
      const x = tf.randomNormal([9, 5], 0, 1, 'float32', 3);
      const [ones, zeros] = [tf.ones([5]), tf.zeros([5])];
      const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
      const bare = tf.grad((value) => tf.square(batchNormTraining(value, undefined, undefined, 1e-3).y));
      const full = tf.grad((value) => tf.square(batchNormTraining(value, ones, zeros, 1e-3).y));
      expect(difference(bare(x), full(x))).toBeLessThan(1e-6);
      const bareLayer = tf.grad((value) => tf.square(layerNorm(value, undefined, undefined, 1e-3)));
      const fullLayer = tf.grad((value) => tf.square(layerNorm(value, ones, zeros, 1e-3)));
      expect(difference(bareLayer(x), fullLayer(x))).toBeLessThan(1e-6);
    });
  });

  test('gradients of gradients are those of the composition', async () => {
    const penalty = (normalise: (x: tf.Tensor) => tf.Tensor) =>
      tf.tidy(() => {
        const x = tf.randomNormal([6, 4], 0, 1, 'float32', 5);
        const slope = tf.grad((value) => tf.sum(tf.pow(normalise(value), 3)));
        return [
          ...tf
            .grad((value) => tf.mean(tf.square(slope(value)), 0))(x)
            .dataSync(),
        ];
      });
    const both = [
      (x: tf.Tensor) => batchNormTraining(x, undefined, undefined, 0.1).y,
      (x: tf.Tensor) => layerNorm(x, undefined, undefined, 0.1),
    ];
    await tf.setBackend('cpu');
    const expected = both.map(penalty);
    await tf.setBackend('wasm');
    await begin();
    both.map(penalty).forEach((values, which) => {
      values.forEach((value, i) => void expect(value).toBeCloseTo(expected[which]?.[i] as number, 3));
    });
  });

  test('what no kernel takes is composed or refused by tfjs', async () => {
    await begin();
    tf.tidy(() => {
      expect(batchNormTraining(tf.zeros([0, 3]), undefined, undefined, 1e-3).y.shape).toEqual([0, 3]);
      expect(() => layerNorm(tf.ones([2, 3]), tf.ones([2]), undefined, 1e-3)).toThrow();
    });
  });
});
