import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { checkLoss, type LossInputs, type Values } from '../cases/lossContract.ts';
import { checkPairLoss, plainSoftmax } from '../cases/pairCases.ts';
import { dot, mean, plainExamples, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onRelations } from '../cases/useContract.ts';
import { type MultiHeadRelationOptions, multiHeadRelation } from './multiHeadRelation.ts';

checkUse(multiHeadRelation, {
  ...onRelations,
  mismatches: [[{ a: [null, 3] }, {}, {}, /output of a fixed size/]],
  weight: { of: 'rows' },
});

describe('multiHeadRelation', () => {
  checkLoss<MultiHeadRelationOptions>(multiHeadRelation, {
    golden: 'multiHeadRelation',
    reference({ student, teacher, parameters = {} }, { heads = 8 }) {
      const ours = attention(student['logits'], parameters['studentViews'], heads);
      const theirs = attention(teacher['logits'], parameters['teacherViews'], heads);
      const rows = theirs.map((row, i) =>
        row.reduce((sum, p, j) => sum + p * Math.log(p / (ours[i]?.[j] as number)), 0),
      );
      return mean(rows);
    },
    best: sameViews,
    // One feature does not fit the map.
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'no head': () => multiHeadRelation({ heads: 0 }),
      'a head without length': () => multiHeadRelation({ headLength: 0 }),
      'an option that it does not have': () => multiHeadRelation({ views: 4 } as MultiHeadRelationOptions),
    },
  });
  checkPairLoss(multiHeadRelation, { studentViews: [4, 128], teacherViews: [6, 128] });

  test('has the defaults that it documents', () => {
    expect(multiHeadRelation().options).toEqual({ output: 'logits', heads: 8, headLength: 16 });
    expect(multiHeadRelation({ output: 'a', teacherOutput: 'b' }).reads).toMatchObject({
      student: ['a'],
      teacher: ['b'],
    });
  });

  test('learns a map for the student and draws one for the teacher', () => {
    const shapes = { student: { logits: [3, 3, 2] }, teacher: { logits: [5] }, batchSize: 64, examples: 100 };
    expect(multiHeadRelation().parameters?.(shapes)).toEqual({
      studentViews: { shape: [18, 128], initial: 'standard-normal', isTrained: true },
      teacherViews: { shape: [5, 128], initial: 'standard-normal', isTrained: false },
    });
    const free = { ...shapes, teacher: { logits: [null, 5] } };
    expect(() => multiHeadRelation().check?.(free)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });

  test('tells noise from a teacher', () => {
    const teacherViews = tf.randomNormal([4, 128], 0, 1, 'float32', 3);
    const parameters = { studentViews: teacherViews, teacherViews };
    const student = { logits: tf.randomNormal([16, 4], 0, 1, 'float32', 1) };
    const valueFor = (logits: tf.Tensor) =>
      multiHeadRelation().compute(tf, { student, teacher: { logits }, parameters }).dataSync()[0] as number;
    expect(valueFor(student.logits.mul(2))).toBeCloseTo(0, 5);
    expect(valueFor(tf.randomNormal([16, 4], 0, 1, 'float32', 2))).toBeGreaterThan(0.1);
  });
});

/** The student has the teacher's features, and its map. */
function sameViews(inputs: LossInputs): LossInputs {
  const { teacherViews } = inputs.parameters as Record<'teacherViews', Values>;
  return { ...inputs, student: inputs.teacher, parameters: { studentViews: teacherViews, teacherViews } };
}

/** Rows of attention, head after head. */
function attention(features?: Values, map?: Values, heads = 1): number[][] {
  const [columns = 1] = (map as Values).shape.slice(1);
  const length = columns / heads;
  const views = plainExamples(features as Values)
    .map(plainUnit)
    .map((row) =>
      Array.from({ length: columns }, (_, c) => {
        const column = row.map((_, d) => map?.values[d * columns + c] as number);
        return dot(row, column);
      }),
    );
  return Array.from({ length: heads }, (_, head) => {
    const ofHead = views.map((row) => row.slice(head * length, (head + 1) * length));
    return ofHead.map((a) => plainSoftmax(ofHead.map((b) => dot(a, b) / Math.sqrt(length))));
  }).flat();
}
