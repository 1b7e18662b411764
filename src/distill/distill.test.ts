import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import { fromArrays } from '../data/arrays.ts';
import { weighted } from '../losses/combination/weighted.ts';
import type { Loss } from '../losses/loss.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import { measure } from '../train/measure.ts';
import { distill } from './distill.ts';
import {
  CLASSES,
  data,
  EXAMPLES,
  FEATURES,
  HELD_OUT,
  heldOutPoints,
  holdout,
  labelled,
  labelsOf,
  logitsOf,
  makeTeacher,
  trainPoints,
  watched,
  weightsOf,
  working,
} from './distillCases.ts';
import type { DistillEvent } from './events.ts';
import { oneTrainer } from './trainerCases.ts';

const OF_LABELLED = ['accuracy', 'agreement', 'calibrationError', 'negativeLogLikelihood', 'teacherAccuracy'];

const trainer = oneTrainer();

describe('a run', () => {
  test('teaches: the student learns to agree with its teacher, without labels', async () => {
    const { report } = await distill(working(trainer(), { holdout, epochs: 60, optimizer: { learningRate: 0.02 } }))
      .done;
    expect(report.holdout['agreement']).toBeGreaterThanOrEqual(0.9);
  });

  test('learns nothing from a teacher that answers at random', async () => {
    const random = seededRandom(5);
    const { teacher } = makeTeacher(({ shape: [count = 0] }) => ({
      logits: { data: Float32Array.from({ length: count * CLASSES }, () => 6 * random() - 3), shape: [count, CLASSES] },
    }));
    const { report } = await distill(
      working(trainer(), { teacher, holdout, epochs: 60, optimizer: { learningRate: 0.02 } }),
    ).done;
    expect(report.holdout['accuracy']).toBeLessThan(0.6);
  });

  test('reports its phases in order, then answers, steps and epochs, with metrics of the holdout', async () => {
    const run = distill(working(trainer(), { holdout, teacherBatchSize: 32 }));
    const events: DistillEvent[] = [];
    for await (const event of run) events.push(event);
    const phases = events.flatMap((event) => (event.type === 'phase' ? [event.phase] : []));
    expect(phases).toEqual(['check', 'train', 'done']);
    const looked = events.flatMap((event) => (event.type === 'examples' ? [[event.looked, event.total]] : []));
    expect(looked).toEqual([EXAMPLES, EXAMPLES + HELD_OUT].map((count) => [count, EXAMPLES + HELD_OUT]));
    const answered = events.flatMap((event) => (event.type === 'teacher' ? [[event.answered, event.total]] : []));
    expect(answered).toEqual([32, 48, 68].map((count) => [count, EXAMPLES + HELD_OUT]));
    const epochs = events.flatMap((event) => (event.type === 'epoch' ? [event] : []));
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    for (const { holdout: metrics, loss, remainingMs } of epochs) {
      expect(Object.keys(metrics).sort()).toEqual(OF_LABELLED);
      const { negativeLogLikelihood, ...fractions } = metrics;
      expect(negativeLogLikelihood).toBeGreaterThan(0);
      for (const value of Object.values(fractions)) expect(value >= 0 && value <= 1).toBe(true);
      expect(Number.isFinite(loss) && remainingMs >= 0).toBe(true);
    }
    const { report, holdoutAnswers } = await run.done;
    expect(report).toMatchObject({ examples: EXAMPLES, batchSize: 16, seed: 0, loss: { name: 'softTargets' } });
    expect(report.epochs.map(({ epoch, loss, holdout: metrics }) => ({ epoch, loss, metrics }))).toEqual(
      epochs.map(({ epoch, loss, holdout: metrics }) => ({ epoch, loss, metrics })),
    );
    expect(report.holdout).toEqual(epochs.at(-1)?.holdout);
    expect(holdoutAnswers?.['logits']).toEqual(logitsOf(heldOutPoints));
  });

  test('reports what can be measured independently', async () => {
    const { student, report } = await distill(working(trainer(), { holdout })).done;
    const { logits } = await trainer().predict(student, { input: heldOutPoints });
    const own = Array.from({ length: HELD_OUT }, (_, i) => argMax(logits?.data ?? [], i * CLASSES, CLASSES));
    const truth = labelsOf(heldOutPoints);
    const labels = Int32Array.from(truth);
    const accuracy = own.filter((answer, i) => answer === truth[i]).length / HELD_OUT;
    // The labels are the teacher's own answers here, so both metrics are the same number.
    expect(report.holdout).toMatchObject({ accuracy, agreement: accuracy, teacherAccuracy: 1 });
    expect(report.holdout).toEqual(measure({ student: logits as NdArray, teacher: logitsOf(heldOutPoints), labels }));
  });

  test('measures only agreement without labels in the holdout, and nothing without a holdout', async () => {
    const { report } = await distill(working(trainer(), { holdout: fromArrays(heldOutPoints) })).done;
    expect(Object.keys(report.holdout)).toEqual(['agreement']);
    const plain = await distill(working(trainer())).done;
    expect([plain.report.holdout, plain.holdoutAnswers]).toEqual([{}, undefined]);
  });

  test('asks about every example once, and two for the check', async () => {
    const { teacher, batches } = makeTeacher();
    await distill(working(trainer(), { teacher, holdout, teacherBatchSize: 20 })).done;
    expect(batches).toEqual([2, 20, 20, 8, 20]);
  });

  test('asks again in every epoch for what it may not keep, says so, and gives the same student', async () => {
    const { teacher, asked } = makeTeacher();
    const run = distill(working(trainer(), { teacher, answerMemoryBytes: 100 }));
    const notices: string[] = [];
    for await (const event of run) if (event.type === 'notice') notices.push(event.message);
    expect(notices).toContainEqual(expect.stringContaining('it is asked again in every epoch'));
    // 32 to learn their size, 2 for the check, and every example in each of the two epochs.
    expect(asked()).toBe(2 + 32 + 2 * EXAMPLES);
    const kept = await distill(working(trainer())).done;
    expect(weightsOf((await run.done).student)).toEqual(weightsOf(kept.student));
  });

  test('asks as many at a time as the teacher says', async () => {
    const { teacher, batches } = makeTeacher();
    const description = { ...teacher.description, batchSize: 24 };
    await distill(working(trainer(), { teacher: { ...teacher, description } })).done;
    expect(batches).toEqual([2, 24, 24]);
  });

  test('counts what the run cost the teacher', async () => {
    const { teacher, batches, asked } = makeTeacher();
    const usage = () => ({ calls: batches.length, computed: asked(), found: 0 });
    await teacher.ask({ input: trainPoints });
    const { report } = await distill(working(trainer(), { teacher: { ...teacher, usage }, teacherBatchSize: 16 })).done;
    expect(report.teacherUsage).toEqual({ calls: 4, computed: 2 + EXAMPLES, found: 0 });
    expect(report.overlapFraction).toBeGreaterThanOrEqual(0);
    expect(report.overlapFraction).toBeLessThanOrEqual(1);
  });

  test('lets the student learn while the teacher still answers', async () => {
    const { teacher, batches } = makeTeacher();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    // The fourth batch (the first is the check) comes only after the student has learned from the second.
    const slow = {
      ...teacher,
      ask: async (...args: Parameters<typeof teacher.ask>) => {
        if (batches.length === 3) await held;
        return teacher.ask(...args);
      },
    };
    const run = distill(working(trainer(), { teacher: slow, teacherBatchSize: 16, epochs: 1 }));
    for await (const event of run) if (event.type === 'step') release();
    expect(batches).toEqual([2, 16, 16, 16]);
  });

  test('asks nothing for a loss that does not read the teacher', async () => {
    const { teacher, asked } = makeTeacher();
    await distill(working(trainer(), { teacher, data: labelled, loss: crossEntropy() })).done;
    expect(asked()).toBe(0);
  });

  test('gives the same student for the same seed, and a different one for another', async () => {
    const weights = async (seed: number) => weightsOf((await distill(working(trainer(), { seed })).done).student);
    const first = await weights(3);
    expect(first.length).toBe(FEATURES * 8 + 8 + 8 * CLASSES + CLASSES);
    expect(await weights(3)).toEqual(first);
    expect(await weights(4)).not.toEqual(first);
  });

  test('puts the weights back into the given LayersModel', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: CLASSES, inputShape: [FEATURES] })] });
    const before = await Promise.all(model.getWeights().map((weight) => weight.data()));
    const { student } = await distill(working(trainer(), { student: model })).done;
    const after = await Promise.all(model.getWeights().map((weight) => weight.data()));
    expect(after).not.toEqual(before);
    expect(after.flatMap((values) => [...values])).toEqual([...weightsOf(student)]);
    model.dispose();
  });

  test('takes a loss of the caller’s own on this thread', async () => {
    const loss: Loss = {
      name: 'distance',
      options: {},
      reads: { student: ['logits'], teacher: ['logits'], labels: false },
      compute: (lib, { student, teacher }) =>
        lib.mean(lib.squaredDifference(student['logits'] as tf.Tensor, teacher['logits'] as tf.Tensor)),
    };
    const { report } = await distill(working(trainer(), { loss: weighted([{ loss, weight: 2 }]) })).done;
    expect(report.epochs[1]?.loss).toBeLessThan(report.epochs[0]?.loss ?? 0);
  });
});

describe('labels', () => {
  test.each([
    ['by default', undefined],
    ['for softTargets', softTargets({ temperature: 2 })],
    [
      'if crossEntropy has no weight',
      weighted([
        { loss: softTargets(), weight: 1 },
        { loss: crossEntropy(), weight: 0 },
      ]),
    ],
  ])('never reach the trainer %s', async (_, loss) => {
    const spy = watched(trainer());
    await distill(working(spy.trainer, { data: labelled, holdout, ...(loss && { loss }) })).done;
    expect(spy.checked).toHaveLength(1);
    expect(spy.read).toHaveLength(2 * (EXAMPLES / 16));
    for (const batch of [...spy.checked, ...spy.read]) expect(Object.keys(batch).sort()).toEqual(['inputs', 'teacher']);
  });

  test('reach it if the loss reads them, each with its example', async () => {
    const spy = watched(trainer());
    await distill(working(spy.trainer, { data: labelled, loss: crossEntropy() })).done;
    expect(spy.read).toHaveLength(6);
    for (const { inputs, labels } of [...spy.checked, ...spy.read]) {
      expect([...(labels ?? [])]).toEqual(labelsOf(inputs['input'] as NdArray));
    }
  });

  test('change nothing if the loss does not read them', async () => {
    const plain = await distill(working(trainer(), { data })).done;
    const wrong = fromArrays(trainPoints, new Array(EXAMPLES).fill(0));
    const withWrong = await distill(working(trainer(), { data: wrong })).done;
    expect(weightsOf(withWrong.student)).toEqual(weightsOf(plain.student));
  });
});

test('the teacher’s answers go with their examples', async () => {
  const spy = watched(trainer());
  await distill(working(spy.trainer)).done;
  expect(spy.read).toHaveLength(6);
  for (const { inputs, teacher } of spy.read) expect(teacher['logits']).toEqual(logitsOf(inputs['input'] as NdArray));
});
