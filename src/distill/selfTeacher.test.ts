import { describe, expect, test } from 'vitest';
import { weighted } from '../losses/combination/weighted.ts';
import { consistency } from '../losses/response/consistency.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { progressiveTargets } from '../losses/response/progressiveTargets.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import type { Student } from '../student/student.ts';
import { distill } from './distill.ts';
import { data, EXAMPLES, holdout, labelled, makeStudent, makeTeacher, weightsOf } from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { LEARN, oneTrainer } from './trainerCases.ts';
import { noisy, accuracyOf as ofUnseen, own, withNoise } from './unseenCases.ts';

const trainer = oneTrainer();
const learn = (options: Partial<DistillOptions> & Pick<DistillOptions, 'student'>) =>
  distill({ data, trainer: trainer(), epochs: 25, ...LEARN, ...options }).done;
const accuracyOf = (student: Student, output?: string) => ofUnseen(trainer(), student, output);

describe('a self teacher', () => {
  test('the mean of the student teaches it, and noise instead does not', async () => {
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

  test('the past of the student softens its labels, and noise instead does not', async () => {
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

  test('works with an external teacher, each asked for its own answers', async () => {
    const { teacher, asked } = makeTeacher();
    const student = makeStudent();
    const loss = weighted([
      { loss: softTargets({ temperature: 1 }), weight: 1 },
      { loss: softTargets({ teacherOutput: 'self', temperature: 2 }), weight: 0.5 },
    ]);
    const { report } = await learn({ teacher, student, holdout, loss, selfTeacher: { kind: 'mean' } });
    // The first two twice: also before the first step.
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
    ['a decay without a mean', { selfTeacher: { kind: 'past', decay: 0.9 } as never }, 'invalid-option'],
    ['answers that are not names', { selfTeacher: { kind: 'mean', answers: {} } }, 'invalid-option'],
    ['an answer that the loss does not read', { selfTeacher: { kind: 'mean' } }, 'invalid-option'],
    [
      'a missing output of the student',
      { selfTeacher: { kind: 'mean', answers: { logits: 'nothing' } } },
      'unknown-output',
    ],
  ] as const)('refuses %s', async (_, changed, code) => {
    await expect(learn({ student: makeStudent(), loss: softTargets(), ...changed })).rejects.toMatchObject({ code });
  });
});
