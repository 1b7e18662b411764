import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, type LossInputs, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type Loss, type LossTensors, named, stopGradient } from '../loss.ts';
import { crossEntropy } from '../response/crossEntropy.ts';
import { softTargets } from '../response/softTargets.ts';
import { type ExampleWeightedOptions, exampleWeighted } from './exampleWeighted.ts';
import { uncertaintyWeighted } from './uncertaintyWeighted.ts';
import { weighted } from './weighted.ts';

/** KL(teacher ‖ student), for each example. */
function divergence(): Loss {
  const perExample: Loss['perExample'] = (_, { student, teacher }) => {
    const p = tf.logSoftmax(stopGradient(tf, named(teacher, 'logits')));
    return tf.sum(tf.mul(tf.exp(p), tf.sub(p, tf.logSoftmax(named(student, 'logits')))), -1) as tf.Tensor1D;
  };
  return {
    name: 'divergence',
    options: {},
    reads: { student: ['logits'], teacher: ['logits'], labels: false },
    isStatic: true,
    perExample,
    compute: (given, tensors) => tf.tidy(() => tf.mean(perExample(given, tensors)) as tf.Scalar),
  };
}

const make = (options: ExampleWeightedOptions) => exampleWeighted(divergence(), options);

checkUse((options: ExampleWeightedOptions) => exampleWeighted(softTargets(), options), {
  ...onLogits,
  replayed: [
    { threshold: 0.4 },
    { kind: 'soft-confidence', normalizeBy: 'weights' },
    { kind: 'entropy' },
    { kind: 'label-agreement' },
    { kind: 'given' },
  ],
  weight: null,
});

describe('exampleWeighted', () => {
  checkLoss<ExampleWeightedOptions>(make, {
    golden: 'exampleWeighted',
    reference(inputs, options) {
      const weights = plainWeights(inputs, options);
      const values = plainDivergences(inputs);
      const total = options.normalizeBy === 'weights' ? weights.reduce((a, b) => a + b, 0) : weights.length;
      return total > 0 ? values.reduce((sum, value, i) => sum + value * (weights[i] as number), 0) / total : 0;
    },
    // Of extremes a weight is 1 − H / log C, all of whose digits may cancel.
    growth: (inputs) => ({ value: 20 * Math.max(1, ...plainDivergences(inputs)), gradient: 20 }),
    known: { divergence },
    refused: {
      'a loss that is no mean over examples': () => exampleWeighted(uncertaintyWeighted([crossEntropy()])),
      'no loss': () => exampleWeighted(undefined as never),
      'an unknown kind': () => make({ kind: 'margin' as never }),
      'an unknown option': () => make({ treshold: 0.5 } as never),
      'a threshold above 1': () => make({ threshold: 95 }),
      'a threshold of what has none': () => make({ kind: 'entropy', threshold: 0.5 }),
      'a temperature of 0': () => make({ temperature: 0 }),
      'an unknown divisor': () => make({ normalizeBy: 'mean' as never }),
    },
  });

  const inputs: LossInputs = {
    student: { logits: { shape: [3, 2], values: [0, 1, 1, 0, 0.5, 0] } },
    teacher: { logits: { shape: [3, 2], values: [9, 0, 0, 0.5, -1, 6] } },
    labels: [0, 0, 1],
  };

  test.each(['batch', 'weights'] as const)('is 0, and flat, where nobody is sure (by %s)', (normalizeBy) => {
    const { value, student } = evaluate(make({ threshold: 1, normalizeBy }), inputs);
    expect(value).toBe(0);
    expect(student['logits']).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('an example that is left out has no influence, whatever it holds', () => {
    const { value, student } = evaluate(make({}), inputs);
    expect(student['logits']?.slice(2, 4)).toEqual([0, 0]);
    const values = [0, 1, 70, -70, 0.5, 0];
    expect(evaluate(make({}), { ...inputs, student: { logits: { shape: [3, 2], values } } }).value).toBe(value);
  });

  test('reads labels only where they are compared', () => {
    expect(make({}).reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
    expect(make({ kind: 'label-agreement', teacherOutput: 'expert' }).reads).toEqual({
      student: ['logits'],
      teacher: ['logits', 'expert'],
      labels: true,
    });
  });

  test('is a mean over examples itself, and so are weighted sums of such losses', () => {
    const loss = exampleWeighted(
      weighted([
        { loss: divergence(), weight: 0.25 },
        { loss: make({ kind: 'entropy', normalizeBy: 'weights' }), weight: 2 },
      ]),
      { kind: 'soft-confidence' },
    );
    const [whole, mean] = tf.tidy(() => {
      const tensors: LossTensors = {
        student: { logits: tf.tensor2d([0, 1, 1, 0, 0.5, 0], [3, 2]) },
        teacher: { logits: tf.tensor2d([9, 0, 0, 0.5, -1, 6], [3, 2]) },
      };
      const each = loss.perExample?.(tf, tensors) as tf.Tensor1D;
      expect(each.shape).toEqual([3]);
      return [loss.compute(tf, tensors).dataSync()[0], tf.mean(each).dataSync()[0]];
    });
    expect(whole).toBeGreaterThan(0.1);
    expect(whole).toBe(mean);
  });

  test('takes weights that are given as they are, and asks no teacher about them', () => {
    const loss = exampleWeighted(crossEntropy(), { kind: 'given', normalizeBy: 'weights' });
    expect(loss.reads).toEqual({ student: ['logits'], teacher: [], labels: true, exampleWeights: true });
    tf.tidy(() => {
      const logits = tf.tensor2d([0, 1, 1, 0, 0.5, 0], [3, 2]);
      const tensors = { student: { logits }, teacher: {}, labels: tf.tensor1d([0, 0, 1], 'int32') };
      const each = crossEntropy().perExample?.(tf, tensors).arraySync() as [number, number, number];
      const exampleWeights = tf.tensor1d([2, 0, 1]);
      const value = loss.compute(tf, { ...tensors, exampleWeights }).dataSync()[0];
      expect(value).toBeCloseTo((2 * each[0] + each[2]) / 3, 6);
    });
  });

  test('refuses to judge an output of other dimensions', () => {
    const shapes = { student: { logits: [3] }, teacher: { logits: [7, 3] }, batchSize: 4, examples: 8 };
    expect(() => make({}).check?.(shapes)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
    expect(() => make({}).check?.({ ...shapes, teacher: { logits: [3] } })).not.toThrow();
    // The loss inside has no check of its own, and is held to the same classes.
    expect(() => make({}).check?.({ ...shapes, teacher: { logits: [4] } })).toThrow(
      expect.objectContaining({ code: 'class-mismatch' }),
    );
  });
});

function plainDivergences({ student, teacher }: LossInputs): number[] {
  const q = plainLogProbs(student['logits'] as Values);
  const p = plainLogProbs(teacher['logits'] as Values);
  return p.map((row, i) => row.reduce((sum, log, c) => sum + Math.exp(log) * (log - (q[i]?.[c] ?? 0)), 0));
}

function plainWeights({ teacher, labels = [] }: LossInputs, options: ExampleWeightedOptions): number[] {
  const { kind = 'confidence', temperature = 1 } = options;
  const { threshold = kind === 'confidence' ? 0.95 : 0 } = options;
  return plainLogProbs(teacher['logits'] as Values, temperature).map((row, i) => {
    const best = Math.exp(Math.max(...row));
    if (kind === 'label-agreement') return row.indexOf(Math.max(...row)) === labels[i] ? 1 : 0;
    if (kind === 'entropy') {
      const entropy = -row.reduce((sum, log) => sum + Math.exp(log) * log, 0);
      return row.length === 1 ? 1 : 1 - entropy / Math.log(row.length);
    }
    if (best < threshold) return 0;
    return kind === 'confidence' ? 1 : best;
  });
}
