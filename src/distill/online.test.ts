import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collaborative } from '../losses/collaborative.ts';
import { consistency } from '../losses/consistency.ts';
import { crossEntropy } from '../losses/crossEntropy.ts';
import { earlyExits } from '../losses/earlyExits.ts';
import { gatedBranches } from '../losses/gatedBranches.ts';
import type { Loss } from '../losses/loss.ts';
import { mutual } from '../losses/mutual.ts';
import { progressiveTargets } from '../losses/progressiveTargets.ts';
import { softTargets } from '../losses/softTargets.ts';
import { weighted } from '../losses/weighted.ts';
import * as tf from '../runtime/tf.ts';
import { branched } from '../student/branched.ts';
import { cohort } from '../student/cohort.ts';
import type { Student } from '../student/student.ts';
import { withExits } from '../student/withExits.ts';
import { branchOf, withoutExits } from '../student/withoutExits.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { openTrainer, type Trainer } from '../train/trainer.ts';
import { type DistillOptions, distill } from './distill.ts';
import {
  CLASSES,
  data,
  EXAMPLES,
  FEATURES,
  HERE,
  holdout,
  labelled,
  makeStudent,
  makeTeacher,
  weightsOf,
} from './distillCases.ts';
import { noiseTeacher, accuracyOf as ofUnseen, unseen } from './unseenCases.ts';

let trainer: Trainer;
let tensorsBefore = 0;
beforeAll(async () => {
  trainer = await openTrainer(HERE);
  tensorsBefore = (await trainer.memory()).tensors;
});
afterAll(async () => {
  expect((await trainer.memory()).tensors).toBe(tensorsBefore);
  await trainer[Symbol.asyncDispose]();
});

const LEARN = { epochs: 25, batchSize: 16, optimizer: { learningRate: 0.02 } } as const;
const learn = (options: Partial<DistillOptions> & Pick<DistillOptions, 'student'>) =>
  distill({ data, trainer, ...LEARN, ...options }).done;

const accuracyOf = (student: Student, output?: string) => ofUnseen(trainer, student, output);

/** The loss with noise in the place of one thing that it reads. */
function withNoise(loss: Loss, side: 'student' | 'teacher', output: string): Loss {
  let seed = 1;
  return {
    ...loss,
    isStatic: false,
    compute(tfjs, tensors) {
      const { shape = [] } = tensors[side][output] ?? {};
      const noise = tfjs.randomNormal(shape, 0, 4, 'float32', seed++);
      return loss.compute(tfjs, { ...tensors, [side]: { ...tensors[side], [output]: noise } });
    },
  };
}

/** A loss of one's own stays on this thread under its own name. */
const own = (loss: Loss): Loss => ({ ...loss, name: `noisy ${loss.name}` });
const noisy = (...given: Parameters<typeof withNoise>) => own(withNoise(...given));

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
    const together = await trainer.predict(student, { input: unseen });
    expect(together['logits.1']).toEqual((await trainer.predict(second, { input: unseen }))['logits']);
    expect(await trainer.timeMs(student, { input: unseen }, 1)).toHaveLength(1);
  });

  test.each([
    ['mutual', () => mutual({ labels: false })],
    ['collaborative', () => collaborative({ labels: false, weight: 1 })],
  ])('%s: who learns from a peer only is right where the peer is, and knows nothing from noise', async (_, online) => {
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
  });

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
  test('branches learn from their ensemble, which noise in its place would spoil', async () => {
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

  test('an exit that learns from the last output only is as right as that one, and knows nothing from noise', async () => {
    const accuracies = [];
    for (const noise of [false, true]) {
      const deep = mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [16, 16] });
      const student = withExits(deep, { at: [1], features: 6 });
      const loss = earlyExits({ exits: 1, alpha: 1 });
      await learn({ student, data: labelled, loss: noise ? noisy(loss, 'student', 'logits') : loss });
      accuracies.push(await accuracyOf(student, 'exit.0'));
      if (noise) continue;
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

  test('a hint does not widen what labels are held against', async () => {
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

describe('a self teacher', () => {
  test('the mean of the student teaches it, which noise in its place would spoil', async () => {
    const accuracies = [];
    for (const noise of [false, true]) {
      const student = makeStudent();
      const term = consistency({ distance: 'kl' });
      const loss = weighted([
        { loss: crossEntropy(), weight: 1 },
        { loss: noise ? withNoise(term, 'teacher', 'self') : term, weight: 3 },
      ]);
      await learn({
        student,
        data: labelled,
        loss: noise ? own(loss) : loss,
        selfTeacher: { kind: 'mean', decay: 0.9 },
      });
      accuracies.push(await accuracyOf(student));
    }
    expect(accuracies[0]).toBeGreaterThan(0.85);
    expect(accuracies[1]).toBeLessThan((accuracies[0] as number) - 0.1);
  });

  test('the past of the student softens its labels, which noise in its place would spoil', async () => {
    const accuracies = [];
    for (const noise of [false, true]) {
      const student = makeStudent();
      const loss = progressiveTargets({ alpha: 0.9 });
      const selfTeacher = { kind: 'past' } as const;
      await learn({ student, data: labelled, selfTeacher, loss: noise ? noisy(loss, 'teacher', 'self') : loss });
      accuracies.push(await accuracyOf(student));
    }
    expect(accuracies[0]).toBeGreaterThan(0.85);
    expect(accuracies[1]).toBeLessThan((accuracies[0] as number) - 0.1);
  });

  test('works beside a teacher from outside, each asked for its own', async () => {
    const { teacher, asked } = makeTeacher();
    const student = makeStudent();
    const loss = weighted([
      { loss: softTargets({ temperature: 1 }), weight: 1 },
      { loss: softTargets({ teacherOutput: 'self', temperature: 2 }), weight: 0.5 },
    ]);
    const { report } = await learn({ teacher, student, holdout, loss, selfTeacher: { kind: 'mean' } });
    // The first two twice: before the first step, too.
    expect(asked()).toBe(EXAMPLES + 2 + 20);
    expect(report.holdout['agreement']).toBeGreaterThan(0.8);
  });

  test('gives the same student for the same seed', async () => {
    for (const kind of ['mean', 'past'] as const) {
      const weights = [];
      for (const seed of [1, 1, 2]) {
        const student = makeStudent();
        await learn({ student, data: labelled, epochs: 3, seed, selfTeacher: { kind }, loss: progressiveTargets() });
        weights.push(weightsOf(student));
      }
      expect(weights[1]).toEqual(weights[0]);
      expect(weights[2]).not.toEqual(weights[0]);
    }
  });

  test.each([
    ['no teacher for a loss that reads one', {}, 'invalid-option'],
    ['a self teacher of another kind', { selfTeacher: { kind: 'future' } as never }, 'invalid-option'],
    ['a decay of 1', { selfTeacher: { kind: 'mean', decay: 1 } }, 'invalid-option'],
    ['a decay of what keeps no mean', { selfTeacher: { kind: 'past', decay: 0.9 } as never }, 'invalid-option'],
    ['answers that are no names', { selfTeacher: { kind: 'mean', answers: {} } }, 'invalid-option'],
    ['an answer that the loss does not read', { selfTeacher: { kind: 'mean' } }, 'invalid-option'],
    [
      'an output that the student has not',
      { selfTeacher: { kind: 'mean', answers: { logits: 'nothing' } } },
      'unknown-output',
    ],
  ] as const)('refuses %s', async (_, changed, code) => {
    await expect(learn({ student: makeStudent(), loss: softTargets(), ...changed })).rejects.toMatchObject({ code });
  });
});
