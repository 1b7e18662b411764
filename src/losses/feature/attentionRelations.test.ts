import { describe, expect, test } from 'vitest';
import { checkLoss, type LossInputs, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { checkUse } from '../cases/useContract.ts';
import type { LossShapes } from '../loss.ts';
import { type AttentionRelation, type AttentionRelationsOptions, attentionRelations } from './attentionRelations.ts';

type Options = AttentionRelationsOptions & {
  readonly relations: readonly AttentionRelation[];
  readonly relationHeads: number;
};

const make = (options: Options) => attentionRelations(options);
const output = 'attention';

const parts = Object.fromEntries(['queries', 'keys', 'values'].map((part) => [`attention/${part}`, [5, 16]]));
checkUse(attentionRelations, {
  options: { output: 'attention' },
  student: parts,
  teacher: parts,
  mismatches: [[{ 'attention/keys': [6, 16] }, {}, {}, /Tap the teacher/]],
  weight: { of: 'sequences' },
});

describe('attentionRelations', () => {
  checkLoss<Options>(make, {
    golden: 'attentionRelations',
    reference({ student, teacher }, { relations, relationHeads }) {
      const ends = (relation: AttentionRelation) =>
        relation === 'attention' ? ['queries', 'keys'] : [relation, relation];
      const relate = (side: LossInputs['student'], relation: AttentionRelation) => {
        const [x, y] = ends(relation).map((part) => side[`attention/${part}`] as Values);
        return plainRelation(x as Values, y as Values, relationHeads);
      };
      return relations.reduce((total, relation) => {
        const [p, q] = [relate(teacher, relation), relate(student, relation)];
        const rows = p.map((row, i) => row.reduce((sum, log, j) => sum + Math.exp(log) * (log - (q[i]?.[j] ?? 0)), 0));
        return total + rows.reduce((a, b) => a + b, 0) / rows.length;
      }, 0);
    },
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'no layer': () => attentionRelations({} as AttentionRelationsOptions),
      'no relation': () => attentionRelations({ output, relations: [] }),
      'a relation twice': () => attentionRelations({ output, relations: ['keys', 'keys'] }),
      'another relation': () => attentionRelations({ output, relations: ['scores' as 'keys'] }),
      'half a head': () => attentionRelations({ output, relationHeads: 0.5 }),
      'a part that there is not': () => attentionRelations({ output, teacherOutputs: { key: 'k' } as object }),
      'an option that it does not have': () => attentionRelations({ output, heads: 4 } as AttentionRelationsOptions),
    },
  });

  test('reads the parts of its relations only, under the names that it is told', () => {
    const loss = attentionRelations({ output, relations: ['values'], teacherOutputs: { values: '/v/Add' } });
    expect(loss.options).toEqual({
      output,
      relations: ['values'],
      relationHeads: 8,
      teacherOutputs: { values: '/v/Add' },
    });
    expect(loss.reads).toEqual({ student: ['attention/values'], teacher: ['/v/Add'], labels: false });
    expect(attentionRelations({ output }).reads.student).toEqual(
      ['queries', 'keys', 'values'].map((part) => `attention/${part}`),
    );
  });

  test.each<[string, number[], number[], string, string]>([
    ['lengths that differ', [3, 8], [4, 8], 'shape-mismatch', ''],
    ['a map', [3, 3, 8], [3, 3, 8], 'shape-mismatch', ''],
    ['heads that do not divide the student', [3, 6], [3, 8], 'invalid-option', 'Choose a common divisor'],
    ['heads that do not divide the teacher', [3, 8], [3, 12], 'invalid-option', 'Choose a common divisor'],
  ])('refuses %s', (_, own, given, code, remedy) => {
    const loss = attentionRelations({ output, relations: ['values'] });
    const check = () => loss.check?.(shapesOf(own, given));
    expect(check).toThrow(expect.objectContaining({ code, message: expect.stringContaining(remedy) }));
    expect(() => loss.check?.(shapesOf([3, 8], [3, 16]))).not.toThrow();
  });
});

function shapesOf(own: readonly number[], given: readonly number[]): LossShapes {
  const name = 'attention/values';
  return { student: { [name]: own }, teacher: { [name]: given }, batchSize: 2, examples: 8 };
}

/** log softmax of the scaled products, a row for each example, head and position. */
function plainRelation(x: Values, y: Values, heads: number): number[][] {
  const [batch, length, width] = x.shape as [number, number, number];
  const features = width / heads;
  const at = (of: Values, b: number, t: number, h: number, f: number) =>
    of.values[(b * length + t) * width + h * features + f] as number;
  const scores: number[] = [];
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let from = 0; from < length; from++) {
        for (let to = 0; to < length; to++) {
          let sum = 0;
          for (let f = 0; f < features; f++) sum += at(x, b, from, h, f) * at(y, b, to, h, f);
          scores.push(sum / Math.sqrt(features));
        }
      }
    }
  }
  return plainLogProbs({ shape: [batch * heads * length, length], values: scores });
}
