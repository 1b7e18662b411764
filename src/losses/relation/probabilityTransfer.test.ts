import { describe, expect, test } from 'vitest';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { checkPairLoss, checkTellsNoise } from '../cases/pairCases.ts';
import { dot, mean, plainExamples, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onRelations } from '../cases/useContract.ts';
import type { OutputPairOptions } from '../outputPair.ts';
import { probabilityTransfer } from './probabilityTransfer.ts';

checkUse(probabilityTransfer, { ...onRelations, weight: { of: 'rows' } });

describe('probabilityTransfer', () => {
  checkLoss<OutputPairOptions>(probabilityTransfer, {
    golden: 'probabilityTransfer',
    reference({ student, teacher }) {
      const ours = neighbors(student['logits'] as Values);
      return mean(
        neighbors(teacher['logits'] as Values).map((row, i) =>
          row.reduce((sum, p, j) => sum + p * Math.log((p + 1e-7) / ((ours[i]?.[j] as number) + 1e-7)), 0),
        ),
      );
    },
    // What is added up are logarithms of probabilities, of either sign.
    growth: () => ({ value: 10, gradient: 1 }),
    refused: { 'an option that it does not have': () => probabilityTransfer({ epsilon: 1 } as OutputPairOptions) },
  });
  checkPairLoss(probabilityTransfer);
  checkTellsNoise(probabilityTransfer);

  test('has the defaults that it documents', () => {
    expect(probabilityTransfer().options).toEqual({ output: 'logits' });
    expect(probabilityTransfer({ output: 'a', teacherOutput: 'b' }).reads).toMatchObject({
      student: ['a'],
      teacher: ['b'],
    });
  });
});

function neighbors(values: Values): number[][] {
  const rows = plainExamples(values).map(plainUnit);
  return rows.map((a) => {
    const affinities = rows.map((b) => (dot(a, b) + 1) / 2);
    const sum = affinities.reduce((x, y) => x + y, 0);
    return affinities.map((value) => value / sum);
  });
}
