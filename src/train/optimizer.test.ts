import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { makeOptimizer } from './optimizer.ts';
import { checkOptimizer, type OptimizerOptions } from './optimizerOptions.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

/** The path of a weight of 1 with each of these gradients in turn. */
function follow(options: OptimizerOptions, gradients: readonly number[]): number[] {
  const optimizer = makeOptimizer(tf, options);
  const weight = tf.tidy(() => tf.variable(tf.scalar(1), true, 'weight'));
  const path = gradients.map((gradient) => {
    tf.tidy(() => optimizer.applyGradients({ weight: tf.scalar(gradient) }));
    return weight.dataSync()[0] as number;
  });
  weight.dispose();
  optimizer.dispose();
  return path;
}

/** Three steps, in each of which a weight near 1 is rounded to float32. */
const TOLERANCE = 3 * 2 ** -24;
const gradients = [0.5, -2, 0.25];

function expectPath(options: OptimizerOptions, next: (gradient: number, step: number) => number): void {
  let weight = 1;
  follow(options, gradients).forEach((got, i) => {
    weight -= next(gradients[i] as number, i + 1);
    expect(Math.abs(got - weight)).toBeLessThanOrEqual(TOLERANCE);
  });
}

const names = ['sgd', 'momentum', 'nesterov', 'adam', 'adamw', 'lamb', 'lion'] as const;

describe('makeOptimizer', () => {
  test('steps along the gradient with sgd', () => {
    expectPath({ name: 'sgd', learningRate: 0.1 }, (gradient) => 0.1 * gradient);
  });

  test('keeps part of the last step with momentum', () => {
    let velocity = 0;
    expectPath({ name: 'momentum', learningRate: 0.1, momentum: 0.5 }, (gradient) => {
      velocity = 0.5 * velocity + gradient;
      return 0.1 * velocity;
    });
  });

  test('follows Kingma and Ba with adam', () => {
    let [first, second] = [0, 0];
    const next = (gradient: number, step: number) => {
      first = 0.9 * first + 0.1 * gradient;
      second = 0.999 * second + 0.001 * gradient ** 2;
      return (0.1 * (first / (1 - 0.9 ** step))) / (Math.sqrt(second / (1 - 0.999 ** step)) + 1e-7);
    };
    expectPath({ name: 'adam', learningRate: 0.1 }, next);
  });

  test.each<[OptimizerOptions, OptimizerOptions]>([
    [{}, { name: 'adam', learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0 }],
    [
      { name: 'adamw', decay: 'all' },
      { name: 'adamw', decay: 'all', learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.01 },
    ],
    [
      { name: 'lamb', decay: 'all' },
      { name: 'lamb', decay: 'all', learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weightDecay: 0.01 },
    ],
    [{ name: 'lion' }, { name: 'lion', learningRate: 1e-4, beta1: 0.9, beta2: 0.99, weightDecay: 0 }],
    [{ name: 'sgd' }, { name: 'sgd', learningRate: 0.01, weightDecay: 0 }],
    [{ name: 'momentum' }, { name: 'momentum', learningRate: 0.01, momentum: 0.9, weightDecay: 0 }],
    [{ name: 'nesterov' }, { name: 'nesterov', learningRate: 0.01, momentum: 0.9, weightDecay: 0 }],
    [
      { name: 'adamw', weightDecay: 0.5 },
      { name: 'adamw', weightDecay: 0.5, decay: 'matrices' },
    ],
  ])('has the defaults that it documents: %j', (short, long) => {
    expect(follow(short, gradients)).toEqual(follow(long, gradients));
  });

  test.each(names)('leaves no tensor after %s', (name) => {
    const before = tf.memory().numTensors;
    follow({ name }, gradients);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('checkOptimizer', () => {
  test('accepts no options, and every documented one', () => {
    for (const options of [
      {},
      { name: 'sgd' },
      { name: 'adam', learningRate: 1e-5 },
      { name: 'momentum', momentum: 0 },
      { name: 'nesterov', momentum: 1 },
      { name: 'adamw', weightDecay: 0.1, decay: 'all', beta1: 0, beta2: 0.5, epsilon: 1e-3, clipNorm: 5 },
      { name: 'lamb', weightDecay: 0, decay: 'matrices' },
      { name: 'lion', beta1: 0.95, beta2: 0.98 },
    ]) {
      expect(() => checkOptimizer(options as OptimizerOptions)).not.toThrow();
    }
  });

  test('refuses by code', () => {
    const bad: unknown[] = [
      { name: 'rmsprop' },
      { name: 'constructor' },
      { name: 'Adam' },
      { name: null },
      { learningRate: 0 },
      { learningRate: -0.1 },
      { learningRate: Number.NaN },
      { learningRate: Number.POSITIVE_INFINITY },
      { learningRate: '0.1' },
      { name: 'momentum', momentum: -0.1 },
      { name: 'momentum', momentum: 1.1 },
      { name: 'momentum', momentum: Number.NaN },
      { lr: 0.1 },
      { name: 'adam', momentum: 0.9 },
      { name: 'sgd', momentum: 0.9 },
      { name: 'momentum', beta1: 0.9 },
      { name: 'lion', epsilon: 1e-7 },
      { beta1: 1 },
      { beta2: 1 },
      { beta1: -0.1 },
      { beta2: Number.NaN },
      { epsilon: 0 },
      { weightDecay: -1 },
      { weightDecay: Number.NaN },
      { decay: 'vectors' },
      { clipNorm: 0 },
      { clipNorm: Number.POSITIVE_INFINITY },
    ];
    for (const options of bad) {
      const check = () => checkOptimizer(options as OptimizerOptions);
      expect(check, JSON.stringify(options)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    }
  });
});
