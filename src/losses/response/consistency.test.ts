import { describe, expect, test } from 'vitest';
import type { Values } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { describeOnCpu, expectPerExample, plainDivergence, randomInputs } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type ConsistencyOptions, consistency } from './consistency.ts';

checkUse(consistency, {
  student: { logits: [4] },
  teacher: { self: [4] },
  sameClasses: 'teacher',
  replayed: [{ distance: 'kl' }],
  weight: { of: 'logits' },
});

describe('consistency', () => {
  checkLoss<{ distance: 'mse' | 'kl' }>(consistency, {
    golden: 'consistency',
    reference({ student, teacher }, { distance }) {
      const [own, target] = [student['logits'] as Values, teacher['self'] ?? (teacher['logits'] as Values)];
      const q = plainLogProbs(own);
      return mean(
        plainLogProbs(target).map((row, i) => {
          const of = q[i] as number[];
          if (distance === 'kl') return plainDivergence(row, of);
          return mean(row.map((log, c) => (Math.exp(log) - Math.exp(of[c] as number)) ** 2));
        }),
      );
    },
    best: (inputs) => ({ ...inputs, student: { logits: inputs.teacher['self'] as Values } }),
    growth: ({ student, teacher }) => {
      const logits = [...Object.values(student), ...Object.values(teacher)].flatMap(({ values }) => values);
      const reach = 1 + 2 * Math.max(...logits.map(Math.abs));
      return { value: reach, gradient: reach };
    },
    refused: {
      'a distance that it does not know': () => consistency({ distance: 'l1' as 'mse' }),
      'an option that it does not have': () => consistency({ temperature: 1 } as ConsistencyOptions),
    },
  });
});

describeOnCpu('consistency', () => {
  test('has the defaults that it documents', () => {
    expect(consistency().options).toEqual({ distance: 'mse', output: 'logits', teacherOutput: 'self' });
    expect(consistency().reads).toEqual({ student: ['logits'], teacher: ['self'], labels: false });
  });

  test('gives a number for each example', () => {
    expectPerExample(consistency({ teacherOutput: 'logits' }), randomInputs([6, 4]));
    expectPerExample(consistency({ teacherOutput: 'logits', distance: 'kl' }), randomInputs([6, 3, 4]));
  });
});
