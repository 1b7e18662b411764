import { describe, expect, test } from 'vitest';
import type { Loss } from '../losses/loss.ts';
import { regression } from '../losses/response/regression.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { cohort } from '../student/kinds/cohort.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { type Student, studentFromArtifacts } from '../student/student.ts';
import { distill } from './distill.ts';
import {
  CLASSES,
  FEATURES,
  heldOutPoints,
  holdout,
  labelled,
  logitsOf,
  makeTeacher,
  weightsOf,
  working,
} from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { oneTrainer } from './trainerCases.ts';

type Activation = 'linear' | 'softmax';

const init = (seed: number) => tf.initializers.glorotUniform({ seed });

/** The same weights, whatever comes after the last dense layer. */
function modelWith(activation: Activation, ...after: tf.layers.Layer[]): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: 'relu', inputShape: [FEATURES], kernelInitializer: init(1) }),
      tf.layers.dense({ units: CLASSES, activation, name: 'classes', kernelInitializer: init(2) }),
      ...after,
    ],
  });
}

async function studentOf(model: tf.LayersModel): Promise<Student> {
  const artifacts = await artifactsOf(model);
  model.dispose();
  return studentFromArtifacts('own', artifacts);
}

const ends: [string, () => tf.LayersModel][] = [
  ['its last activation', () => modelWith('softmax')],
  ['a layer', () => modelWith('linear', tf.layers.softmax({ name: 'end' }))],
  ['an activation layer', () => modelWith('linear', tf.layers.activation({ activation: 'softmax', name: 'end' }))],
];

describe('a student that ends in a softmax', () => {
  const trainer = oneTrainer({ worker: 'none', ...backendOptions('cpu') });

  async function run(student: Student | tf.LayersModel, loss: Loss, changed: Partial<DistillOptions> = {}) {
    const { teacher } = makeTeacher((input) => ({ logits: logitsOf(input) }));
    const optimizer = { learningRate: 0.02 };
    const options = working(trainer(), {
      optimizer,
      teacher,
      student,
      loss,
      data: labelled,
      holdout,
      epochs: 20,
      ...changed,
    });
    const running = distill(options);
    const notices: string[] = [];
    for await (const event of running) if (event.type === 'notice') notices.push(event.message);
    return { ...(await running.done), notices };
  }

  const sums = async (student: Student) => {
    const { logits } = await trainer().predict(student, { input: heldOutPoints });
    const rows = logits?.data ?? [];
    return Array.from({ length: rows.length / CLASSES }, (_, i) =>
      Array.from(rows.slice(CLASSES * i, CLASSES * (i + 1))).reduce((sum, value) => sum + value, 0),
    );
  };
  const ones = (all: number[]) => all.map(() => expect.closeTo(1, 5));

  test.each(ends)(
    '(%s) learns as it would without it, bit for bit, and gives probabilities as before',
    async (_, end) => {
      const plain = await run(await studentOf(modelWith('linear')), softTargets(), { control: true });
      const given = await run(await studentOf(end()), softTargets(), { control: true });
      expect(weightsOf(given.student)).toEqual(weightsOf(plain.student));
      expect(given.report.holdout).toEqual(plain.report.holdout);
      expect(given.report.holdout['agreement']).toBeGreaterThan(0.6);
      expect(given.notices).toContainEqual(
        expect.stringMatching(/ends in a softmax \(".*"\).*learns from what goes into/),
      );
      expect(plain.notices.join()).not.toContain('softmax');
      const controls = [given.controlStudent, plain.controlStudent] as [Student, Student];
      expect(weightsOf(controls[0])).toEqual(weightsOf(controls[1]));
      for (const student of [given.student, controls[0]]) {
        const all = await sums(student);
        expect(all).toEqual(ones(all));
      }
    },
  );

  test('a model of the page keeps its softmax and gets the weights', async () => {
    const model = modelWith('softmax');
    await run(model, softTargets());
    const answers = tf.tidy(() => (model.predict(tf.ones([1, FEATURES])) as tf.Tensor).dataSync());
    expect(Array.from(answers).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    const plain = await run(await studentOf(modelWith('linear')), softTargets());
    const own = await studentOf(model);
    expect(weightsOf(own)).toEqual(weightsOf(plain.student));
  });

  test('under its layer’s name it learns from logits too', async () => {
    const loss = softTargets({ output: 'classes', teacherOutput: 'logits' });
    const given = await run(await studentOf(modelWith('softmax')), loss);
    const plain = await run(await studentOf(modelWith('linear')), softTargets());
    expect(weightsOf(given.student)).toEqual(weightsOf(plain.student));
  });

  test('is unchanged if the loss compares its probabilities as values', async () => {
    const { notices } = await run(
      await studentOf(modelWith('softmax')),
      regression({ output: 'logits', teacherOutput: 'logits' }),
    );
    expect(notices.join()).not.toContain('softmax');
  });

  test('is refused if removing the softmax would remove what the loss reads, and in a cohort', async () => {
    const layer = await studentOf(modelWith('linear', tf.layers.softmax({ name: 'end' })));
    const loss = softTargets({ output: 'end', teacherOutput: 'logits' });
    await expect(run(layer, loss)).rejects.toMatchObject({ code: 'student-invalid', details: { layer: 'end' } });
    const both = cohort([await studentOf(modelWith('softmax')), await studentOf(modelWith('linear'))]);
    const peers = softTargets({ output: 'logits.1', teacherOutput: 'logits' });
    await expect(run(both, peers)).rejects.toMatchObject({ code: 'student-invalid' });
  });
});
