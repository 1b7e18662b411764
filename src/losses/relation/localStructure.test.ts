import { describe, expect, test } from 'vitest';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { checkPairLoss, checkTellsNoise, distance, plainSoftmax } from '../cases/pairCases.ts';
import { mean, plainExamples } from '../cases/plainCases.ts';
import { checkUse, onRelations } from '../cases/useContract.ts';
import { type LocalStructureOptions, localStructure } from './localStructure.ts';

checkUse(localStructure, { ...onRelations, least: 3, weight: { of: 'rows' } });

describe('localStructure', () => {
  checkLoss<LocalStructureOptions>(localStructure, {
    golden: 'localStructure',
    reference({ student, teacher }, { neighbors = 8, scale = 1 }) {
      const ours = between(student['logits'] as Values);
      const theirs = between(teacher['logits'] as Values);
      const width = (distances: number[][]) => {
        const apart = distances.flat().filter((length) => length > 0);
        return scale * (apart.length === 0 ? 1 : mean(apart.map((length) => length ** 2)));
      };
      const [ourWidth, theirWidth] = [width(ours), width(theirs)];
      const rows = theirs.map((distances, i) => {
        const others = distances.map((_, j) => j).filter((j) => j !== i);
        const nearest = others.sort((a, b) => (distances[a] as number) - (distances[b] as number)).slice(0, neighbors);
        const shares = (from: readonly number[], by: number) =>
          plainSoftmax(nearest.map((j) => Math.exp(-((from[j] as number) ** 2) / by)));
        const student = shares(ours[i] as number[], ourWidth);
        return shares(distances, theirWidth).reduce((sum, p, j) => sum + p * Math.log(p / (student[j] as number)), 0);
      });
      return mean(rows);
    },
    // What is added up are logarithms of shares, of either sign.
    growth: () => ({ value: 10, gradient: 1 }),
    refused: {
      'one neighbor': () => localStructure({ neighbors: 1 }),
      'a scale of 0': () => localStructure({ scale: 0 }),
      'an option that it does not have': () => localStructure({ k: 4 } as LocalStructureOptions),
    },
  });
  checkPairLoss(localStructure);
  checkTellsNoise(localStructure);

  test('has the defaults that it documents', () => {
    expect(localStructure().options).toEqual({ output: 'logits', neighbors: 8, scale: 1 });
    expect(localStructure({ output: 'a', teacherOutput: 'b' }).reads).toMatchObject({ student: ['a'], teacher: ['b'] });
  });
});

function between(values: Values): number[][] {
  const rows = plainExamples(values);
  return rows.map((a) => rows.map((b) => distance(a, b)));
}
