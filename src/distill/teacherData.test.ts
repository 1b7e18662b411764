import { describe, expect, test } from 'vitest';
import { permutation, seededRandom } from '../core/random.ts';
import type { NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import { fromArrays } from '../data/arrays.ts';
import { pick } from '../data/views.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { distill } from './distill.ts';
import { CLASSES, FEATURES, labelsOf, logitsOf, makeTeacher, points } from './distillCases.ts';
import { oneTrainer } from './trainerCases.ts';

/** The other modality of the same example: six numbers, each from several of the four. */
function heard({ data, shape: [size = 0] }: NdArray): NdArray {
  const random = seededRandom(6);
  const mix = Array.from({ length: 6 }, () => Array.from({ length: FEATURES }, () => 2 * random() - 1));
  const rows = Array.from({ length: size }, (_, i) =>
    mix.map((weights) => weights.reduce((sum, w, f) => sum + w * (data[i * FEATURES + f] as number), 0)),
  );
  return { data: Float32Array.from(rows.flat()), shape: [size, 6] };
}

const seen = points(200, 71);
const seenLater = points(100, 72);
const data = fromArrays(heard(seen));
const holdout = fromArrays(heard(seenLater), labelsOf(seenLater));
const paired = { teacherData: fromArrays(seen), teacherHoldout: fromArrays(seenLater) };
const student = () => mlp({ inputShape: [6], classes: CLASSES, hidden: [8] });

const trainer = oneTrainer();
const learn = () => ({ epochs: 15, batchSize: 16, optimizer: { learningRate: 0.02 }, trainer: trainer() });

describe('teacherData', () => {
  test('lets a teacher of one modality teach a student of another, in pairs', async () => {
    const { teacher, asked } = makeTeacher();
    const { report, holdoutAnswers } = await distill({
      teacher,
      student: student(),
      data,
      holdout,
      ...paired,
      ...learn(),
    }).done;
    expect(report.holdout['agreement']).toBeGreaterThan(0.85);
    expect(report.holdout['accuracy']).toBeGreaterThan(0.85);
    expect(holdoutAnswers?.['logits']?.data).toEqual(logitsOf(seenLater).data);
    // Each once, and two for the check.
    expect(asked()).toBe(200 + 100 + 2);
  });

  test('teaches nothing if the pairs are shuffled', async () => {
    const shuffled = pick(paired.teacherData, permutation(200, seededRandom(1)));
    const run = distill({
      teacher: makeTeacher().teacher,
      student: student(),
      data,
      holdout,
      ...paired,
      teacherData: shuffled,
      ...learn(),
    });
    expect((await run.done).report.holdout['accuracy']).toBeLessThan(0.65);
  });

  test('is read again if answers are too large to keep', async () => {
    const { teacher, asked } = makeTeacher();
    const run = distill({
      teacher,
      student: student(),
      data,
      holdout,
      ...paired,
      ...learn(),
      epochs: 8,
      answerMemoryBytes: 100,
    });
    expect((await run.done).report.holdout['agreement']).toBeGreaterThan(0.75);
    expect(asked()).toBeGreaterThan(8 * 200);
  });

  test.each([
    ['a different number of examples', { teacherData: fromArrays(points(199, 1)) }, 'shape-mismatch'],
    ['a different number of held-out examples', { teacherHoldout: fromArrays(points(99, 1)) }, 'shape-mismatch'],
    ['none for the holdout', { teacherHoldout: undefined }, 'invalid-option'],
    ['only for the holdout', { teacherData: undefined }, 'invalid-option'],
    ['an array instead', { teacherData: seen }, 'invalid-option'],
    [
      'NaN in what the teacher sees',
      { teacherData: fromArrays({ data: points(200, 1).data.fill(Number.NaN, 700), shape: [200, FEATURES] }) },
      'not-finite',
    ],
  ])('refuses %s', async (_, wrong, code) => {
    const { teacher, asked } = makeTeacher();
    const run = distill({ teacher, student: student(), data, holdout, ...paired, ...learn(), ...wrong } as never);
    await expect(run.done).rejects.toThrow(expect.objectContaining({ code }));
    expect(asked()).toBeLessThanOrEqual(2);
  });
});

describe('augment', () => {
  const clean = points(40, 81);
  const own = fromArrays(clean);
  const small = () => mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [8] });
  const bytesOf = async (changed: object) => {
    const made = small();
    const { teacher } = makeTeacher();
    await distill({ teacher, student: made, data: own, ...learn(), epochs: 2, ...changed }).done;
    return new Float32Array(made.artifacts?.weightData ?? new ArrayBuffer(0));
  };

  test('varies what the student sees, the same for the same seed', async () => {
    const once = await bytesOf({ augment: { noise: 0.2 } });
    expect(await bytesOf({ augment: { noise: 0.2 } })).toEqual(once);
    expect(await bytesOf({})).not.toEqual(once);
    expect(await bytesOf({ augment: { noise: 0.3 } })).not.toEqual(once);
  });

  test('does not vary the examples of the teacher and the holdout', async () => {
    const shown: number[] = [];
    const { teacher } = makeTeacher((input) => {
      shown.push(...input.data);
      return { logits: logitsOf(input) };
    });
    const made = small();
    const augment = { noise: 5 };
    const run = distill({ teacher, student: made, data: own, holdout: own, augment, ...learn(), epochs: 1 });
    const { report } = await run.done;
    expect(new Set(shown)).toEqual(new Set(clean.data));
    const { logits } = await trainer().predict(made, { input: clean });
    const truth = logitsOf(clean).data;
    const same = Array.from({ length: 40 }, (_, i) => argMax(logits?.data ?? [], i * 3, 3) === argMax(truth, i * 3, 3));
    expect(report.holdout['agreement']).toBeCloseTo(same.filter(Boolean).length / 40, 6);
  });

  test('is refused if it does not fit the data', async () => {
    const run = distill({
      teacher: makeTeacher().teacher,
      student: small(),
      data: own,
      augment: { shift: 1 },
      loss: softTargets(),
      ...learn(),
    });
    await expect(run.done).rejects.toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });
});
