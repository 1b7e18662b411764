import { describe, expect, test } from 'vitest';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { checkPairLoss, checkTellsNoise, plainSmoothL1 } from '../cases/pairCases.ts';
import { dot, mean, plainExamples, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onRelations } from '../cases/useContract.ts';
import type { OutputPairOptions } from '../outputPair.ts';
import { relationAngle } from './relationAngle.ts';

checkUse(relationAngle, { ...onRelations, least: 3, weight: { of: 'rows' } });

describe('relationAngle', () => {
  checkLoss<OutputPairOptions>(relationAngle, {
    golden: 'relationAngle',
    reference({ student, teacher }) {
      const [ours, theirs] = [student, teacher].map(({ logits }) => angles(logits as Values)) as [number[], number[]];
      return mean(ours.map((value, i) => plainSmoothL1(value - (theirs[i] as number))));
    },
    refused: { 'an option that it does not have': () => relationAngle({ beta: 1 } as OutputPairOptions) },
  });
  checkPairLoss(relationAngle);
  checkTellsNoise(relationAngle);

  test('has the defaults that it documents', () => {
    expect(relationAngle().options).toEqual({ output: 'logits' });
    expect(relationAngle({ output: 'a', teacherOutput: 'b' }).reads).toMatchObject({ student: ['a'], teacher: ['b'] });
  });

  test('refuses batches whose triplets do not fit', () => {
    const shapes = { student: { logits: [4] }, teacher: { logits: [6] }, examples: 1000 };
    relationAngle().check?.({ ...shapes, batchSize: 160 });
    const message = expect.stringContaining('or use relationDistance');
    expect(() => relationAngle().check?.({ ...shapes, batchSize: 161 })).toThrow(
      expect.objectContaining({ code: 'invalid-option', message }),
    );
  });
});

function angles(values: Values): number[] {
  const rows = plainExamples(values);
  return rows.flatMap((corner) => {
    const away = rows.map((row) => plainUnit(row.map((value, d) => value - (corner[d] as number))));
    return away.flatMap((a) => away.map((b) => dot(a, b)));
  });
}
