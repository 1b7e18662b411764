import { expect, test } from 'vitest';
import { weighted } from '../losses/combination/weighted.ts';
import { consistency } from '../losses/response/consistency.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import { studentFromModel } from '../student/layersModel.ts';
import { distill } from './distill.ts';
import { CLASSES, EXAMPLES, FEATURES, heldOutPoints, holdout, labelled, makeTeacher, working } from './distillCases.ts';
import type { DistillEvent } from './events.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

/** A page's own model, with tfjs's own momentum. */
function normed(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, inputShape: [FEATURES], kernelInitializer: tf.initializers.heNormal({ seed: 1 }) }),
      tf.layers.batchNormalization(),
      tf.layers.reLU(),
      tf.layers.dense({ units: CLASSES, kernelInitializer: tf.initializers.heNormal({ seed: 2 }) }),
    ],
  });
}

test('a run says from how many examples it estimated the statistics of how many layers', async () => {
  const model = normed();
  const run = distill(working(trainer(), { student: model, holdout }));
  const events: DistillEvent[] = [];
  for await (const event of run) events.push(event);
  const { report, student } = await run.done;
  expect(report.batchNorm).toEqual({ layers: 1, examples: EXAMPLES });
  const told = events.flatMap((event) => (event.type === 'batch-norm' ? [[event.examples, event.total]] : []));
  expect(told).toEqual([16, 32, 48].map((count) => [count, EXAMPLES]));
  // The given model has the statistics too.
  const { logits } = await trainer().predict(student, { input: heldOutPoints });
  const own = tf.tidy(() =>
    Array.from(
      (model.predict(tf.tensor(heldOutPoints.data, heldOutPoints.shape as [number, number])) as tf.Tensor).dataSync(),
    ),
  );
  own.forEach((value, i) => {
    expect(logits?.data[i]).toBeCloseTo(value, 5);
  });
  model.dispose();
  const plain = await distill(working(trainer())).done;
  expect(plain.report).not.toHaveProperty('batchNorm');
});

test('the teacher is not asked again for it, although its answers are not kept', async () => {
  const { teacher, asked } = makeTeacher();
  const model = normed();
  await distill(working(trainer(), { teacher, student: model, answerMemoryBytes: 100 })).done;
  // 32 to learn their size, 2 for the check, and every example in each of the two epochs.
  expect(asked()).toBe(2 + 32 + 2 * EXAMPLES);
  model.dispose();
});

test('nor for what the student said in the epoch before', async () => {
  const { teacher, asked } = makeTeacher();
  const loss = weighted([
    { loss: softTargets(), weight: 1 },
    { loss: consistency(), weight: 1 },
  ]);
  const model = normed();
  const selfTeacher = { kind: 'past' } as const;
  await distill(working(trainer(), { teacher, student: model, loss, selfTeacher, answerMemoryBytes: 100 })).done;
  expect(asked()).toBe(2 + 32 + 2 * EXAMPLES);
  model.dispose();
});

test('the student of a control has its own statistics', async () => {
  const model = normed();
  const student = studentFromModel(model);
  const options = { student, data: labelled, holdout, loss: crossEntropy(), control: true, epochs: 10 };
  const { controlStudent, report } = await distill(working(trainer(), options)).done;
  // The same labels, the same order, the same statistics: the same student.
  expect(controlStudent?.artifacts?.weightData).toEqual(student.artifacts?.weightData);
  expect(report.control?.holdout).toMatchObject({ accuracy: report.holdout['accuracy'] });
  model.dispose();
});
