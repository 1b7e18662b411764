import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, growthOfLogProbs, type LossInputs, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import type { Loss } from '../loss.ts';
import { crossEntropy } from '../response/crossEntropy.ts';
import { softTargets } from '../response/softTargets.ts';
import { constant, cosine, linear, warmUp } from '../schedule.ts';
import { weighted } from './weighted.ts';

interface Term {
  readonly weight: number;
  readonly name: 'softTargets' | 'crossEntropy';
  readonly options: { readonly temperature?: number };
}

const make = ({ terms }: { terms: readonly Term[] }): Loss =>
  weighted(
    terms.map(({ weight, name, options }) => ({
      weight,
      loss: name === 'softTargets' ? softTargets(options) : crossEntropy(),
    })),
  );

checkUse(
  () =>
    weighted([
      { loss: softTargets(), weight: linear(0, 1) },
      { loss: crossEntropy(), weight: 1 },
    ]),
  { ...onLogits, hasOptions: false, weight: null },
);

describe('weighted', () => {
  checkLoss<{ terms: readonly Term[] }>(make, {
    golden: 'weighted',
    reference: (inputs, { terms }) => terms.reduce((sum, term) => sum + term.weight * plainValue(inputs, term), 0),
    growth(inputs, { terms }) {
      const grown = terms.map((term) => growthOf(inputs, term));
      return {
        value: grown.reduce((sum, { value }) => sum + value, 0),
        gradient: grown.reduce((sum, { gradient }) => sum + gradient, 0),
      };
    },
    best: certain,
    refused: {
      'no term': () => weighted([]),
      'weights of 0 only': () => weighted([{ loss: softTargets(), weight: 0 }]),
      'a negative weight': () => weighted([{ loss: softTargets(), weight: -1 }]),
      'a weight that is no number': () => weighted([{ loss: softTargets(), weight: Number.NaN }]),
      'an infinite weight': () => weighted([{ loss: softTargets(), weight: Number.POSITIVE_INFINITY }]),
    },
  });

  test('reads what its terms read, once each', () => {
    const loss = weighted([
      { loss: softTargets(), weight: 1 },
      { loss: softTargets({ output: 'aux' }), weight: 0.3 },
      { loss: crossEntropy(), weight: 0.1 },
    ]);
    expect(loss.reads).toEqual({ student: ['logits', 'aux'], teacher: ['logits', 'aux'], labels: true });
  });

  test('neither reads nor computes a term of weight 0', () => {
    const loss = weighted([
      { loss: softTargets(), weight: 1 },
      { loss: crossEntropy({ output: 'aux' }), weight: 0 },
    ]);
    expect(loss.reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });
});

/** A fixed weight, and two that the step brings: γ falls, δ rises. */
const scheduled = () =>
  weighted([
    { loss: softTargets({ temperature: 1 }), weight: 0.5 },
    { loss: softTargets({ temperature: 4 }), weight: cosine(1, 0) },
    { loss: crossEntropy(), weight: warmUp({ epochs: 4, to: 5 }) },
  ]);

describe('weighted, with weights that move', () => {
  checkLoss<Record<string, never>>(scheduled, {
    golden: 'weightedScheduled',
    reference: (inputs) =>
      0.5 * plainValue(inputs, { weight: 1, name: 'softTargets', options: { temperature: 1 } }) +
      (inputs.numbers?.[0] ?? 0) * plainValue(inputs, { weight: 1, name: 'softTargets', options: { temperature: 4 } }) +
      (inputs.numbers?.[1] ?? 0) * plainValue(inputs, { weight: 1, name: 'crossEntropy', options: {} }),
    best: certain,
    refused: {
      'schedules of 0 only': () => weighted([{ loss: softTargets(), weight: linear(0, 0) }]),
      'a schedule below 0': () => weighted([{ loss: softTargets(), weight: { ...linear(1, 0), to: -1 } as never }]),
      'a word': () => weighted([{ loss: softTargets(), weight: 'linear' as never }]),
      'no weight': () => weighted([{ loss: softTargets() } as never]),
      'an unknown schedule': () => weighted([{ loss: softTargets(), weight: { type: 'step' } as never }]),
    },
  });

  test('tells the weights of a step, in their order', () => {
    expect(scheduled().numbers?.({ step: 50, steps: 101, epoch: 2, epochs: 4 })).toEqual([0.5, 2.5]);
    expect(weighted([{ loss: softTargets(), weight: constant(2) }]).numbers).toBeUndefined();
  });

  test('of a term that is weighted itself, and of the whole, do not mix', () => {
    const loss = weighted([
      { loss: scheduled(), weight: linear(2, 0) },
      { loss: crossEntropy(), weight: constant(0) },
      { loss: weighted([{ loss: crossEntropy(), weight: linear(0, 8) }]), weight: 3 },
    ]);
    expect(loss.reads.labels).toBe(true);
    expect(loss.numbers?.({ step: 50, steps: 101, epoch: 2, epochs: 4 })).toEqual([1, 0.5, 2.5, 4]);
    const logits = { shape: [1, 3], values: [0, 1, 2] };
    const inputs: LossInputs = { student: { logits }, teacher: { logits }, labels: [0] };
    const unit = evaluate(crossEntropy(), inputs).value;
    // Soft targets are 0 here: of the numbers, 1 · 2.5 + 3 · 4 meet a cross-entropy.
    expect(evaluate(loss, { ...inputs, numbers: [1, 0.5, 2.5, 4] }).value / unit).toBeCloseTo(14.5, 5);
  });

  test('checks the shapes of every term, also where a term has no check', () => {
    const shapes = { student: { logits: [3] }, teacher: { logits: [4] }, batchSize: 2, examples: 4 };
    expect(() => scheduled().check?.(shapes)).toThrow(expect.objectContaining({ code: 'class-mismatch' }));
    expect(() => scheduled().check?.({ ...shapes, teacher: { logits: [3] } })).not.toThrow();
    expect(() => scheduled().check?.({ ...shapes, teacher: { logits: [2, 3] } })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch' }),
    );
    const strict = {
      ...crossEntropy(),
      check() {
        throw new LimbeckError('shape-mismatch', 'Never.');
      },
    };
    expect(() => weighted([{ loss: strict, weight: linear(1, 0) }]).check?.(shapes)).toThrow('Never.');
    expect(() => weighted([{ loss: strict, weight: 0 }, ...kept]).check?.(shapes)).not.toThrow();
  });
});

const kept = [{ loss: crossEntropy(), weight: 1 }];

function plainValue({ student, teacher, labels = [] }: LossInputs, { name, options }: Term): number {
  const { temperature = 1 } = options;
  const q = plainLogProbs(student['logits'] as Values, temperature);
  if (name === 'crossEntropy')
    return q.reduce((sum, row, i) => sum - (row[labels[i] as number] as number), 0) / q.length;
  const p = plainLogProbs(teacher['logits'] as Values, temperature);
  const rows = p.map((row, i) => row.reduce((sum, log, c) => sum + Math.exp(log) * (log - (q[i]?.[c] ?? 0)), 0));
  return (temperature ** 2 * rows.reduce((a, b) => a + b, 0)) / rows.length;
}

function growthOf({ student, teacher }: LossInputs, { weight, options: { temperature = 1 } }: Term) {
  const { reach, probs } = growthOfLogProbs([student['logits'] as Values, teacher['logits'] as Values], temperature);
  const rows = student['logits']?.shape[0] ?? 1;
  return { value: weight * temperature ** 2 * reach, gradient: (weight * temperature * probs) / rows };
}

/** Teacher and student are sure of the label of every example. */
function certain(inputs: LossInputs): LossInputs {
  const { student, labels = [] } = inputs;
  const { shape, values } = student['logits'] as Values;
  const classes = shape.at(-1) as number;
  const sure = values.map((_, i) => (labels[Math.floor(i / classes)] === i % classes ? 200 : 0));
  const logits = { shape, values: sure };
  return { ...inputs, student: { logits }, teacher: { logits }, labels };
}
