import { describe, expect, test } from 'vitest';
import type { Values } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type ProgressiveTargetsOptions, progressiveTargets } from './progressiveTargets.ts';

checkUse(progressiveTargets, {
  student: { logits: [4] },
  teacher: { self: [4] },
  sameClasses: 'teacher',
  weight: { of: 'logits' },
});

describe.each(['progressiveTargetsFirst', 'progressiveTargetsLater'])('%s', (golden) => {
  checkLoss<{ alpha: number }>(progressiveTargets, {
    golden,
    reference({ student, teacher, labels = [], numbers = [] }) {
      const share = numbers[0] as number;
      const past = plainLogProbs(teacher['self'] as Values);
      return -mean(
        plainLogProbs(student['logits'] as Values).map((row, i) =>
          row.reduce((sum, log, c) => {
            const target = (labels[i] === c ? 1 - share : 0) + share * Math.exp(past[i]?.[c] as number);
            return target === 0 ? sum : sum + target * log;
          }, 0),
        ),
      );
    },
    best: null,
    refused: {
      'a share above 1': () => progressiveTargets({ alpha: 1.1 }),
      'an option that it does not have': () => progressiveTargets({ temperature: 2 } as ProgressiveTargetsOptions),
    },
  });
});

test('trusts itself not at all in the first epoch, and as far as it may in the last', () => {
  const loss = progressiveTargets();
  expect(loss.options).toEqual({ alpha: 0.8, output: 'logits', teacherOutput: 'self' });
  const shares = [1, 2, 3, 4].map((epoch) => loss.numbers?.({ step: 0, steps: 8, epoch, epochs: 4 })[0]);
  expect(shares).toEqual([0, 0.4, (0.8 * 3) / 4, 0.8]);
  expect(progressiveTargets().numbers?.({ step: 0, steps: 8, epoch: 1, epochs: 1 })).toEqual([0]);
});
