import { describe, expect, test } from 'vitest';
import { evaluate, type LossInputs } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean, plainRows } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  expectLeast,
  expectPerExample,
  growthOfDivergence,
  plainDivergence,
  randomInputs,
  refusalOf,
} from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type FormerOutputsOptions, formerOutputs } from './formerOutputs.ts';
import { softTargets } from './softTargets.ts';

const rangeOf = ({ teacher }: LossInputs, { classes }: FormerOutputsOptions) =>
  classes ?? ([0, teacher['logits']?.shape[1] as number] as const);

checkUse(formerOutputs, { ...onLogits, weight: { of: 'logits' } });

describe('formerOutputs', () => {
  checkLoss<FormerOutputsOptions>(formerOutputs, {
    golden: 'formerOutputs',
    reference(inputs, options) {
      const { temperature = 2 } = options;
      const [from, to] = rangeOf(inputs, options);
      const rows = plainRows(inputs.student['logits'] as Values).map((row) => row.slice(from, to));
      const q = plainLogProbs({ shape: [rows.length, to - from], values: rows.flat() }, temperature);
      const p = plainLogProbs(inputs.teacher['logits'] as Values, temperature);
      return mean(p.map((row, i) => plainDivergence(row, q[i] as number[])));
    },
    growth(inputs, { temperature = 2 }) {
      const { value, gradient } = growthOfDivergence(inputs, temperature);
      return { value: value / temperature ** 2, gradient: gradient / temperature ** 2 };
    },
    // It lies elsewhere for each range; see below.
    best: null,
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'a temperature of 0': () => formerOutputs({ temperature: 0 }),
      'no class': () => formerOutputs({ classes: [3, 3] }),
      'a class below 0': () => formerOutputs({ classes: [-1, 3] }),
      'half a class': () => formerOutputs({ classes: [0, 2.5] }),
      'an option that it does not have': () => formerOutputs({ weight: 1 } as FormerOutputsOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(formerOutputs().options).toEqual({ temperature: 2, output: 'logits', teacherOutput: 'logits' });
    expect(formerOutputs().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });

  test('takes a student with more classes than its teacher, and says which do not fit', () => {
    const shapes = (student: number, teacher: number) => ({
      student: { logits: [student] },
      teacher: { logits: [teacher] },
      batchSize: 8,
      examples: 100,
    });
    expect(refusalOf(formerOutputs(), shapes(9, 5))).toBeUndefined();
    expect(refusalOf(formerOutputs({ classes: [4, 9] }), shapes(9, 5))).toBeUndefined();
    expect(refusalOf(formerOutputs(), shapes(4, 5))).toBe('class-mismatch');
    expect(refusalOf(formerOutputs({ classes: [5, 10] }), shapes(9, 5))).toBe('class-mismatch');
    expect(refusalOf(formerOutputs({ classes: [0, 4] }), shapes(9, 5))).toBe('class-mismatch');
  });
});

describeOnCpu('formerOutputs, besides its contract', () => {
  test('is the mean of its examples', () => expectPerExample(formerOutputs(), randomInputs([6, 5])));

  test('is soft targets by T² where all classes are former ones', () => {
    const inputs = randomInputs([5, 4]);
    const former = evaluate(formerOutputs({ temperature: 3 }), inputs);
    expect(9 * former.value).toBeCloseTo(evaluate(softTargets({ temperature: 3 }), inputs).value, 5);
  });

  test.each([[undefined], [[1, 5]], [[3, 7]]] as const)(
    'is zero, and flat, where classes %o are as they were',
    (classes) => {
      const { student, teacher } = { ...randomInputs([5, 7]), teacher: randomInputs([5, 4], 2).teacher };
      const [from] = classes ?? [0];
      const known = plainRows(teacher['logits'] as Values);
      const values = plainRows(student['logits'] as Values).flatMap((row, i) =>
        row.map((logit, c) => known[i]?.[c - from] ?? logit),
      );
      expectLeast(
        formerOutputs({ ...(classes && { classes }) }),
        { student: { logits: { shape: [5, 7], values } }, teacher },
        0,
      );
    },
  );

  test('moves former classes only', () => {
    const { student, teacher } = { ...randomInputs([5, 7]), teacher: randomInputs([5, 3], 2).teacher };
    const slopes = evaluate(formerOutputs({ classes: [2, 5] }), { student, teacher }).student['logits'] ?? [];
    slopes.forEach((slope, i) => {
      const isFormer = i % 7 >= 2 && i % 7 < 5;
      expect(slope === 0).toBe(!isFormer);
    });
  });
});
