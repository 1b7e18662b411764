import { describe, expect, test } from 'vitest';
import { argMax } from '../core/stats.ts';
import { collaborative } from '../losses/combination/collaborative.ts';
import { earlyExits } from '../losses/combination/earlyExits.ts';
import { gatedBranches } from '../losses/combination/gatedBranches.ts';
import { mutual } from '../losses/combination/mutual.ts';
import { weighted } from '../losses/combination/weighted.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import { answerEarly } from '../student/kinds/answerEarly.ts';
import { branched } from '../student/kinds/branched.ts';
import { cohort } from '../student/kinds/cohort.ts';
import { withExits } from '../student/kinds/withExits.ts';
import { branchOf, withoutExits } from '../student/kinds/withoutExits.ts';
import type { Student } from '../student/student.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { distill } from './distill.ts';
import {
  CLASSES,
  data,
  FEATURES,
  holdout,
  labelled,
  labelsOf,
  makeStudent,
  makeTeacher,
  weightsOf,
} from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { LEARN, oneTrainer } from './trainerCases.ts';
import { noiseTeacher, noisy, accuracyOf as ofUnseen, unseen } from './unseenCases.ts';

const trainer = oneTrainer();
const learn = (options: Partial<DistillOptions> & Pick<DistillOptions, 'student'>) =>
  distill({ data, trainer: trainer(), epochs: 25, ...LEARN, ...options }).done;
const accuracyOf = (student: Student, output?: string) => ofUnseen(trainer(), student, output);

describe('a cohort', () => {
  const trio = () => [makeStudent(), mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [12] })] as const;

  test('learns from labels and from each other, without a teacher', async () => {
    const [first, second] = trio();
    const { report, student, holdoutAnswers } = await learn({
      student: cohort([first, second]),
      data: labelled,
      holdout,
      loss: mutual(),
    });
    expect(await accuracyOf(first)).toBeGreaterThan(0.85);
    expect(await accuracyOf(second)).toBeGreaterThan(0.85);
    expect(student.artifacts).toBeUndefined();
    expect(report.teacher).toBeUndefined();
    expect(holdoutAnswers).toBeUndefined();
    expect(report.student.outputs).toEqual({ 'logits.0': [CLASSES], 'logits.1': [CLASSES] });
    expect(report.holdout['accuracy']).toBeGreaterThan(0.8);
    expect(report.holdout['logits.1/accuracy']).toBeGreaterThan(0.8);
    const together = await trainer().predict(student, { input: unseen });
    expect(together['logits.1']).toEqual((await trainer().predict(second, { input: unseen }))['logits']);
    expect(await trainer().timeMs(student, { input: unseen }, 1)).toHaveLength(1);
  });

  test.each([
    ['mutual', () => mutual({ labels: false })],
    ['collaborative', () => collaborative({ labels: false, weight: 1 })],
  ])(
    '%s: a student that learns only from a peer is as right as the peer, and learns nothing from noise',
    async (_, online) => {
      const ofFirst = softTargets({ output: 'logits.0', teacherOutput: 'logits', temperature: 1 });
      const loss = weighted([
        { loss: ofFirst, weight: 1 },
        { loss: online(), weight: 1 },
      ]);
      const accuracies = [];
      for (const teacher of [makeTeacher().teacher, noiseTeacher()]) {
        const [first, second] = trio();
        await learn({ teacher, student: cohort([first, second]), loss });
        accuracies.push(await accuracyOf(second));
      }
      expect(accuracies[0]).toBeGreaterThan(0.85);
      expect(accuracies[1]).toBeLessThan(0.65);
    },
  );

  test('gives the same members for the same seed', async () => {
    const weights = [];
    for (const seed of [1, 1, 2]) {
      const [first, second] = trio();
      await learn({ student: cohort([first, second]), data: labelled, loss: mutual(), epochs: 2, seed });
      weights.push([...weightsOf(first), ...weightsOf(second)]);
    }
    expect(weights[1]).toEqual(weights[0]);
    expect(weights[2]).not.toEqual(weights[0]);
  });
});

describe('branches and exits', () => {
  test('branches learn from their ensemble, and not from noise instead', async () => {
    const accuracies = [];
    for (const noise of [false, true]) {
      const student = branched(makeStudent(), { at: 1, branches: 3 });
      const loss = gatedBranches({ branches: 3, weight: 2 });
      await learn({ student, data: labelled, holdout, loss: noise ? noisy(loss, 'student', 'logits') : loss });
      accuracies.push(await accuracyOf(await branchOf(student, 1)));
      if (!noise) expect(await accuracyOf(student)).toBeGreaterThan(0.85);
    }
    expect(accuracies[0]).toBeGreaterThan(0.85);
    expect(accuracies[1]).toBeLessThan((accuracies[0] as number) - 0.1);
  });

  test('an exit that learns only from the last output is as right, and learns nothing from noise', async () => {
    const accuracies = [];
    for (const noise of [false, true]) {
      const deep = mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [16, 16] });
      const student = withExits(deep, { at: [1], features: 6 });
      const loss = earlyExits({ exits: 1, alpha: 1 });
      await learn({ student, data: labelled, loss: noise ? noisy(loss, 'student', 'logits') : loss });
      accuracies.push(await accuracyOf(student, 'exit.0'));
      if (noise) continue;
      const { logits, exit } = answerEarly(await trainer().predict(student, { input: unseen }), { threshold: 0.8 });
      const right = labelsOf(unseen).filter((label, i) => argMax(logits.data, i * CLASSES, CLASSES) === label);
      expect(right.length / 200).toBeGreaterThan(0.8);
      expect(new Set(exit)).toEqual(new Set([0, 1]));
      const plain = await withoutExits(student);
      expect(await accuracyOf(plain)).toBe(await accuracyOf(student));
      expect(await accuracyOf(plain)).toBeGreaterThan(0.85);
    }
    expect(accuracies[0]).toBeGreaterThan(0.8);
    expect(accuracies[1]).toBeLessThan(0.65);
  });

  test('exits learn from a teacher’s answers, and their features from a layer', async () => {
    const inner = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: 'relu', inputShape: [FEATURES], name: 'early' }),
        tf.layers.dense({ units: 10, activation: 'relu', name: 'late' }),
        tf.layers.dense({ units: CLASSES, name: 'logits' }),
      ],
    });
    const accuracies = [];
    for (const teacher of [makeTeacher().teacher, noiseTeacher()]) {
      const student = withExits(inner, { at: ['early'], features: 6 });
      const loss = earlyExits({ from: 'teacher', hint: { layer: 'late' } });
      await learn({ teacher, student, loss });
      accuracies.push(await accuracyOf(student, 'exit.0'));
    }
    expect(accuracies[0]).toBeGreaterThan(0.8);
    expect(accuracies[1]).toBeLessThan(0.65);
    inner.dispose();
  });

  test('a hint does not change the outputs that labels are compared with', async () => {
    const deep = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: 'relu', inputShape: [FEATURES], name: 'first' }),
        tf.layers.dense({ units: 2, activation: 'relu', name: 'narrow' }),
        tf.layers.dense({ units: CLASSES, name: 'logits' }),
      ],
    });
    const student = withExits(deep, { at: ['first'], features: 2 });
    await learn({ student, data: labelled, epochs: 1, loss: earlyExits({ hint: { layer: 'narrow' } }) });
    deep.dispose();
  });
});
