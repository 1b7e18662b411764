import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import { fromArrays } from '../data/arrays.ts';
import type { Dataset } from '../data/dataset.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import { studentFromArtifacts } from '../student/student.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { distill } from './distill.ts';
import {
  CLASSES,
  data,
  EXAMPLES,
  FEATURES,
  heldOutPoints,
  labelsOf,
  logitsOf,
  makeStudent,
  makeTeacher,
  points,
  trainPoints,
  working,
} from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

describe('bad input', () => {
  const withNaN = (example: number) => {
    const values = trainPoints.data.slice() as Float32Array;
    values[example * FEATURES] = Number.NaN;
    return fromArrays({ data: values, shape: trainPoints.shape });
  };
  const labelledWith = (example: number, label: number) => {
    const labels = labelsOf(trainPoints);
    labels[example] = label;
    return fromArrays(trainPoints, labels);
  };
  const wide = (classes: number) =>
    makeTeacher(({ shape: [n = 0] }) => ({
      logits: { data: new Float32Array(n * classes), shape: [n, classes] },
    })).teacher;
  const frozen = () => {
    const layer = tf.layers.dense({ units: CLASSES, inputShape: [FEATURES], trainable: false });
    return tf.sequential({ layers: [layer] });
  };
  const saved = { modelTopology: {}, weightSpecs: [], weightData: new ArrayBuffer(0) };

  const layer = { class_name: 'Dense', config: { name: 'logits', units: CLASSES, batch_input_shape: [null, 5] } };
  const ofFive = { ...saved, modelTopology: { class_name: 'Sequential', config: { name: 'five', layers: [layer] } } };

  interface Case {
    readonly name: string;
    readonly code: string;
    /** What is wrong, with a working teacher that counts, unless it is replaced. */
    readonly bad: () => object;
    /** Examples that the teacher may have been asked about; 2 are for the check. */
    readonly most: number;
  }
  const cases: Case[] = [
    { name: 'a misspelt option', code: 'invalid-option', bad: () => ({ epoch: 3 }), most: 0 },
    { name: 'no teacher', code: 'invalid-option', bad: () => ({ teacher: undefined }), most: 0 },
    { name: 'a promise of a teacher', code: 'invalid-option', bad: () => ({ teacher: Promise.resolve() }), most: 0 },
    { name: 'no student', code: 'student-invalid', bad: () => ({ student: undefined }), most: 0 },
    { name: 'a function for a student', code: 'student-invalid', bad: () => ({ student: mlp }), most: 0 },
    { name: 'no data', code: 'invalid-option', bad: () => ({ data: undefined }), most: 0 },
    { name: 'bare arrays for data', code: 'invalid-option', bad: () => ({ data: trainPoints }), most: 0 },
    { name: 'no example', code: 'empty-dataset', bad: () => ({ data: fromArrays(points(0, 1)) }), most: 0 },
    { name: 'an empty holdout', code: 'empty-dataset', bad: () => ({ holdout: fromArrays(points(0, 1)) }), most: 0 },
    {
      name: 'a holdout with another shape',
      code: 'shape-mismatch',
      bad: () => ({ holdout: fromArrays({ data: new Float32Array(6), shape: [2, 3] }) }),
      most: 0,
    },
    {
      name: 'a holdout in other units',
      code: 'shape-mismatch',
      bad: () => ({ holdout: fromArrays({ data: new Uint8Array(8), shape: [2, 4] }) }),
      most: 0,
    },
    {
      name: 'a holdout with another name',
      code: 'shape-mismatch',
      bad: () => ({ holdout: fromArrays({ x: heldOutPoints }) }),
      most: 0,
    },
    { name: 'a loss that was not called', code: 'invalid-option', bad: () => ({ loss: softTargets }), most: 0 },
    { name: 'the name of a loss', code: 'invalid-option', bad: () => ({ loss: 'softTargets' }), most: 0 },
    { name: 'a promise of a trainer', code: 'invalid-option', bad: () => ({ trainer: Promise.resolve() }), most: 0 },
    {
      name: 'a misspelt option of the trainer',
      code: 'invalid-option',
      bad: () => ({ trainer: { wroker: 1 } }),
      most: 0,
    },
    { name: '0 epochs', code: 'invalid-option', bad: () => ({ epochs: 0 }), most: 0 },
    { name: 'half a batch', code: 'invalid-option', bad: () => ({ batchSize: 0.5 }), most: 0 },
    { name: 'a teacher’s batch of −1', code: 'invalid-option', bad: () => ({ teacherBatchSize: -1 }), most: 0 },
    { name: 'negative memory', code: 'invalid-option', bad: () => ({ answerMemoryBytes: -1 }), most: 0 },
    { name: 'a seed of NaN', code: 'invalid-option', bad: () => ({ seed: Number.NaN }), most: 0 },
    { name: 'an unknown optimizer', code: 'invalid-option', bad: () => ({ optimizer: { name: 'rmsprop' } }), most: 0 },
    { name: 'a learning rate of 0', code: 'invalid-option', bad: () => ({ optimizer: { learningRate: 0 } }), most: 0 },
    {
      name: 'one bit a weight',
      code: 'invalid-option',
      bad: () => ({ quantizationAware: { weightBits: 1 } }),
      most: 0,
    },
    {
      name: 'rounding that never begins',
      code: 'invalid-option',
      bad: () => ({ quantizationAware: { startFraction: 1 } }),
      most: 0,
    },
    {
      name: 'a misspelt option of rounding',
      code: 'invalid-option',
      bad: () => ({ quantizationAware: { bits: 4 } }),
      most: 0,
    },
    { name: 'NaN in the first example', code: 'not-finite', bad: () => ({ data: withNaN(0) }), most: 0 },
    { name: 'NaN in a later example', code: 'not-finite', bad: () => ({ data: withNaN(30) }), most: 2 },
    { name: 'data without labels', code: 'labels-missing', bad: () => ({ loss: crossEntropy() }), most: 2 },
    {
      name: 'a label that is not a class',
      code: 'class-mismatch',
      bad: () => ({ data: labelledWith(1, CLASSES), loss: crossEntropy() }),
      most: 2,
    },
    {
      name: 'a later label that is not a class',
      code: 'class-mismatch',
      bad: () => ({ data: labelledWith(40, -2), loss: crossEntropy() }),
      most: 2,
    },
    { name: 'a teacher with other classes', code: 'class-mismatch', bad: () => ({ teacher: wide(5) }), most: 2 },
    {
      name: 'a teacher without logits',
      code: 'unknown-output',
      bad: () => ({ teacher: makeTeacher((input) => ({ y: logitsOf(input) })).teacher }),
      most: 2,
    },
    {
      name: 'a loss that reads a missing output of the student',
      code: 'unknown-output',
      bad: () => ({ loss: softTargets({ output: 'features' }) }),
      most: 2,
    },
    {
      name: 'a student with another input',
      code: 'shape-mismatch',
      bad: () => ({ student: mlp({ inputShape: [5], classes: CLASSES }) }),
      most: 0,
    },
    {
      name: 'a trained student with another input',
      code: 'shape-mismatch',
      bad: () => ({ student: studentFromArtifacts('five', ofFive) }),
      most: 0,
    },
    {
      name: 'two inputs for one',
      code: 'unknown-input',
      bad: () => ({ data: fromArrays({ a: trainPoints, b: trainPoints }) }),
      most: 0,
    },
    {
      name: 'a teacher that answers NaN',
      code: 'not-finite',
      bad: () => ({
        teacher: makeTeacher((input) => {
          const { data: values, shape } = logitsOf(input);
          return { logits: { data: values.map(() => Number.NaN), shape } };
        }).teacher,
      }),
      most: 2,
    },
    {
      name: 'a saved student that is not one',
      code: 'student-invalid',
      bad: () => ({ student: studentFromArtifacts('broken', saved) }),
      most: 2,
    },
  ];

  test.each(cases)('$name is reported as $code, before the long work', async ({ code, bad, most }) => {
    const { teacher, asked } = makeTeacher();
    const student = makeStudent();
    const given = { ...working(trainer(), { teacher, student, teacherBatchSize: 8 }), ...bad() } as DistillOptions;
    const error = await distill(given).done.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LimbeckError);
    expect(error).toMatchObject({ code });
    expect(asked()).toBeLessThanOrEqual(most);
    expect(asked()).toBeLessThan(EXAMPLES);
    expect(student.artifacts).toBeUndefined();
  });

  test('a missing output of the teacher is reported with those that it gives', async () => {
    const { teacher } = makeTeacher((input) => ({ y: logitsOf(input) }));
    await expect(distill(working(trainer(), { teacher })).done).rejects.toThrow(/"logits".*"y"/);
  });

  test('a student without trainable weights is reported as student-not-trainable', async () => {
    const { teacher, asked } = makeTeacher();
    const model = frozen();
    await expect(distill(working(trainer(), { teacher, student: model })).done).rejects.toMatchObject({
      code: 'student-not-trainable',
    });
    expect(asked()).toBeLessThanOrEqual(2);
    model.dispose();
  });

  test('an error of the data or the teacher is passed on unchanged', async () => {
    const fault = new LimbeckError('image-unreadable', 'Image 9 could not be decoded.');
    const torn: Dataset = { ...data, read: async () => Promise.reject(fault) };
    await expect(distill(working(trainer(), { data: torn })).done).rejects.toBe(fault);
    const { teacher } = makeTeacher(() => {
      throw fault;
    });
    await expect(distill(working(trainer(), { teacher })).done).rejects.toBe(fault);
  });
});
