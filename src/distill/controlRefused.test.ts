import { describe, expect, test } from 'vitest';
import { fromArrays } from '../data/arrays.ts';
import { take } from '../data/views.ts';
import * as tf from '../runtime/tf.ts';
import { distill } from './distill.ts';
import {
  CLASSES,
  data,
  EXAMPLES,
  heldOutPoints,
  holdout,
  labelled,
  logitsOf,
  makeTeacher,
  trainPoints,
  watched,
  weightsOf,
  working,
} from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

const run = (changed: Partial<DistillOptions> = {}) =>
  distill(working(trainer(), { data: labelled, holdout, control: true, ...changed })).done;

describe('there is none', () => {
  test.each<[string, Partial<DistillOptions>, string]>([
    ['without labels', { data }, 'The data has no labels'],
    ['without a holdout', { holdout: undefined as never }, 'There is no holdout'],
    ['without labels in the holdout', { holdout: fromArrays(heldOutPoints) }, 'The holdout has no labels'],
  ])('%s: the report says so, and nothing more is trained', async (_, changed, reason) => {
    const spy = watched(trainer());
    const { report, controlStudent, student } = await run({ trainer: spy.trainer, ...changed });
    expect(report.control).toMatchObject({ isPossible: false, reason: expect.stringContaining(reason), ms: 0 });
    expect(report.control?.verdict).toContain('is not known');
    expect([controlStudent, spy.read.length]).toEqual([undefined, 6]);
    expect(weightsOf(student).length).toBeGreaterThan(0);
  });

  test('if the student has no output of classes', async () => {
    const model = tf.sequential({
      layers: [tf.layers.reshape({ targetShape: [1, 4], inputShape: [4] }), tf.layers.dense({ units: CLASSES })],
    });
    const { teacher } = makeTeacher((input) => {
      const { data: logits, shape } = logitsOf(input);
      return { logits: { data: logits, shape: [shape[0] ?? 0, 1, CLASSES] } };
    });
    const { report } = await run({ student: model, teacher });
    expect(report.control?.reason).toContain('No output of the student is one number for each class');
    expect(Object.keys(report.holdout)).toEqual(['agreement']);
    model.dispose();
  });
});

describe('bad input', () => {
  const ofOtherShape = fromArrays({ data: new Float32Array(6), shape: [2, 3] }, [0, 1]);
  test.each<[string, unknown]>([
    ['labels-missing', { data }],
    ['invalid-option', { data: {} }],
    ['invalid-option', { labels: [1] }],
    ['shape-mismatch', { data: ofOtherShape }],
    ['empty-dataset', { data: take(labelled, 0) }],
    ['class-mismatch', { data: fromArrays(trainPoints, new Array(EXAMPLES).fill(CLASSES)) }],
    ['not-finite', { data: fromArrays({ data: new Float32Array(4).fill(Number.NaN), shape: [1, 4] }, [0]) }],
  ])('%s is reported before the first step', async (code, control) => {
    const spy = watched(trainer());
    const failing = run({ trainer: spy.trainer, control: control as never });
    await expect(failing).rejects.toMatchObject({ name: 'LimbeckError', code });
    expect(spy.read).toHaveLength(0);
  });
});
