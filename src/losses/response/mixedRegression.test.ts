import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { mean, plainExamples } from '../cases/plainCases.ts';
import { describeOnCpu, expectPerExample, randomInputs } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type MixedRegressionOptions, mixedRegression } from './mixedRegression.ts';
import { regression } from './regression.ts';

checkUse(mixedRegression, {
  student: { values: [3] },
  teacher: { values: [3], target: [3] },
  mismatches: [
    [{ values: [4] }, {}, {}, /"read" bring its output/],
    [{}, { target: [4] }, {}, /the teacher's "target" is \[\?, 4\]/],
  ],
  replayed: [{ measure: 'huber', distrust: 1 }],
  weight: { of: 'numbers' },
});

describe('mixedRegression', () => {
  checkLoss<MixedRegressionOptions>(mixedRegression, {
    golden: 'mixedRegression',
    reference({ student, teacher }, { alpha = 0.5, distrust, measure = 'squared', delta = 1 }) {
      const [s, t, y] = [student['values'], teacher['values'], teacher['target']].map((side) =>
        plainExamples(side as Values),
      ) as [number[][], number[][], number[][]];
      const squares = (a: number[], b: number[]) => mean(a.map((value, d) => (value - (b[d] as number)) ** 2));
      const far = (a: number[], b: number[]) =>
        mean(
          a.map((value, d) => {
            const distance = Math.abs(value - (b[d] as number));
            if (measure === 'squared') return distance ** 2;
            return distance <= delta ? distance ** 2 / 2 : delta * (distance - delta / 2);
          }),
        );
      return mean(
        s.map((row, i) => {
          const [ofTeacher, truth] = [t[i] as number[], y[i] as number[]];
          const trust = distrust === undefined ? 1 : Math.max(0, 1 - squares(ofTeacher, truth) / distrust);
          return alpha * far(row, truth) + (1 - alpha) * trust * far(row, ofTeacher);
        }),
      );
    },
    // Between teacher and truth nothing is 0.
    best: ({ teacher, ...rest }) => {
      const target = teacher['target'] as Values;
      return { ...rest, teacher: { values: target, target }, student: { values: target } };
    },
    refused: {
      'an alpha above 1': () => mixedRegression({ alpha: 1.5 }),
      'a distrust of 0': () => mixedRegression({ distrust: 0 }),
      'a measure that it does not know': () => mixedRegression({ measure: 'cubed' as 'huber' }),
      'a delta of 0': () => mixedRegression({ delta: 0 }),
      'an option that it does not have': () => mixedRegression({ beta: 1 } as MixedRegressionOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(mixedRegression().options).toEqual({
      alpha: 0.5,
      measure: 'squared',
      delta: 1,
      output: 'values',
      targetOutput: 'target',
    });
    expect(mixedRegression().reads).toEqual({ student: ['values'], teacher: ['values', 'target'], labels: false });
  });
});

describeOnCpu('mixedRegression, besides its contract', () => {
  const { student, teacher } = randomInputs([6, 2, 3], 1, 'values');
  const { teacher: truth } = randomInputs([6, 2, 3], 2, 'target');
  const inputs = { student, teacher: { ...teacher, ...truth } };

  test('is the mean of its examples', () => {
    expectPerExample(mixedRegression({ distrust: 2 }), inputs);
  });

  test('is regression to one of them at both ends', () => {
    const of = (loss: ReturnType<typeof regression>) => evaluate(loss, inputs).value;
    expect(of(mixedRegression({ alpha: 0 }))).toBeCloseTo(of(regression()), 5);
    expect(of(mixedRegression({ alpha: 1 }))).toBeCloseTo(of(regression({ teacherOutput: 'target' })), 5);
  });

  test('does not listen to a teacher that is further off than it trusts', () => {
    const at = (ofTeacher: number) => ({
      student: { values: { shape: [1, 1], values: [1] } },
      teacher: { values: { shape: [1, 1], values: [ofTeacher] }, target: { shape: [1, 1], values: [0] } },
    });
    const loss = mixedRegression({ alpha: 0.5, distrust: 4 });
    expect(evaluate(loss, at(100)).value).toBeCloseTo(0.5, 6);
    // 1 − 1 ÷ 4 of the half that is the teacher's; it says what the student says.
    expect(evaluate(loss, at(-1)).value).toBeCloseTo(0.5 + 0.5 * 0.75 * 4, 5);
  });
});
