import { describe, expect, test } from 'vitest';
import type { Loss } from './loss.ts';
import { checkLoss, type LossInputs, type Values } from './lossContract.ts';
import { type SoftTargetsOptions, softTargets } from './softTargets.ts';

describe('softTargets', () => {
  checkLoss<{ temperature: number }>(softTargets, {
    golden: 'softTargets',
    reference: ({ student, teacher }, { temperature }) =>
      temperature ** 2 * meanDivergence(teacher['logits'] as Values, student['logits'] as Values, temperature),
    growth({ student, teacher }, { temperature }) {
      const logProbs = [student, teacher].flatMap((side) => logProbsOf(side['logits'] as Values, temperature)).flat();
      const rows = student['logits']?.shape[0] ?? 1;
      const reach = largest(logProbs) + largest(student['logits']) ;
      // The value sums differences of log-probabilities, times T². A slope is T / B times a difference of probabilities,
      // and the rounding of an exponent moves a probability by its share.
      return { value: temperature ** 2 * reach, gradient: (temperature / rows) * reach * Math.exp(Math.max(...logProbs)) };
    },
    refused: {
      'a temperature of 0': () => softTargets({ temperature: 0 }),
      'a negative temperature': () => softTargets({ temperature: -1 }),
      'a temperature that is no number': () => softTargets({ temperature: Number.NaN }),
      'an infinite temperature': () => softTargets({ temperature: Number.POSITIVE_INFINITY }),
      'a temperature in words': () => softTargets({ temperature: '4' as unknown as number }),
      'an option it does not have': () => softTargets({ temprature: 4 } as SoftTargetsOptions),
    },
  });

  test('has the defaults that it documents', () => {
    const loss: Loss = softTargets();
    expect(loss.options).toEqual({ temperature: 4, output: 'logits' });
    expect(loss.reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });

  test('reads the output that it is told to', () => {
    expect(softTargets({ output: 'digits' }).reads).toEqual({ student: ['digits'], teacher: ['digits'], labels: false });
  });
});

/** Σ p log (p / q), mean over the rows, with p and q written as powers of e over their own sums. */
function meanDivergence(p: Values, q: Values, temperature: number): number {
  const classes = p.shape.at(-1) as number;
  const rows = p.values.length / classes;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const [a, b] = [p, q].map(({ values }) => {
      const scaled = values.slice(row * classes, (row + 1) * classes).map((logit) => logit / temperature);
      const most = scaled.reduce((largest, logit) => Math.max(largest, logit), Number.NEGATIVE_INFINITY);
      const norm = most + Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
      return scaled.map((logit) => logit - norm);
    }) as [number[], number[]];
    a.forEach((logProb, c) => {
      total += Math.exp(logProb) * (logProb - (b[c] as number));
    });
  }
  return total / rows;
}

function largestLogProb({ student, teacher }: LossInputs, temperature: number): number {
  const all = [...Object.values(student), ...Object.values(teacher)];
  const largest = all.flatMap(({ values }) => values).reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
  return 1 + (2 * largest) / temperature + Math.log(all[0]?.shape.at(-1) ?? 1);
}
