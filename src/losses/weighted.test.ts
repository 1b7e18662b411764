import { describe, expect, test } from 'vitest';
import { crossEntropy } from './crossEntropy.ts';
import type { Loss } from './loss.ts';
import { checkLoss, growthOfLogProbs, type LossInputs, plainLogProbs, type Values } from './lossContract.ts';
import { softTargets } from './softTargets.ts';
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
function certain({ student, labels = [] }: LossInputs): LossInputs {
  const { shape, values } = student['logits'] as Values;
  const classes = shape.at(-1) as number;
  const sure = values.map((_, i) => (labels[Math.floor(i / classes)] === i % classes ? 200 : 0));
  const logits = { shape, values: sure };
  return { student: { logits }, teacher: { logits }, labels };
}
