import { describe, expect, test } from 'vitest';
import { softTargets } from '../../losses/response/softTargets.ts';
import type { Student } from '../../student/student.ts';
import { mlp } from '../../student/zoo/mlp.ts';
import {
  CLASSES,
  data,
  FEATURES,
  holdout,
  labelled,
  makeStudent,
  makeTeacher,
  watched,
  weightsOf,
} from '../distillCases.ts';
import type { RoundEvent } from '../rounds.ts';
import { LEARN as FAST, oneTrainer } from '../trainerCases.ts';
import { accuracyOf as ofUnseen, unseen } from '../unseenCases.ts';
import { assistantChain } from './assistantChain.ts';
import { bornAgain } from './bornAgain.ts';

const trainer = oneTrainer();
const LEARN = { ...FAST, epochs: 25, snapshots: { worker: 'none' } } as const;
const accuracyOf = (student: Student) => ofUnseen(trainer(), student);

describe('bornAgain', () => {
  test('each generation learns from the previous one, and all form an ensemble', async () => {
    const events: RoundEvent[] = [];
    const run = bornAgain({
      student: makeStudent,
      data: labelled,
      holdout,
      trainer: trainer(),
      ...LEARN,
      ensemble: true,
    });
    for await (const event of run) events.push(event);
    const { students, reports, ensemble } = await run.done;
    expect(students).toHaveLength(3);
    for (const student of students) expect(await accuracyOf(student)).toBeGreaterThan(0.85);
    expect(weightsOf(students[1] as Student)).not.toEqual(weightsOf(students[0] as Student));
    expect(reports.map(({ teacher }) => teacher?.name)).toEqual([undefined, 'snapshot of mlp', 'snapshot of mlp']);
    expect(reports.map(({ loss }) => loss.name)).toEqual(['crossEntropy', 'weighted', 'weighted']);
    expect(events.flatMap((event) => (event.type === 'round' ? [event.round] : []))).toEqual([1, 2, 3]);
    expect(events.filter((event) => event.type === 'epoch' && event.round === 2)).toHaveLength(LEARN.epochs);
    const { logits } = (await ensemble?.ask({ input: unseen })) ?? {};
    expect(logits?.shape).toEqual([200, CLASSES]);
    await ensemble?.[Symbol.asyncDispose]();
  });

  test('gives the same generations for the same seed', async () => {
    const weights = [];
    for (const seed of [1, 1, 2]) {
      const run = bornAgain({
        student: makeStudent,
        data: labelled,
        trainer: trainer(),
        ...LEARN,
        epochs: 2,
        generations: 2,
        seed,
      });
      weights.push((await run.done).students.map(weightsOf));
    }
    expect(weights[1]).toEqual(weights[0]);
    expect(weights[2]).not.toEqual(weights[0]);
  });

  test.each([
    ['one generation', { generations: 1 }, 'invalid-option'],
    ['a student instead of a function', { student: makeStudent() as never }, 'invalid-option'],
    ['an unknown option', { temperature: 2 } as object, 'invalid-option'],
    ['neither labels nor a teacher', { data }, 'labels-missing'],
  ] as const)('refuses %s', async (_, changed, code) => {
    const run = bornAgain({ student: makeStudent, data: labelled, trainer: trainer(), ...LEARN, ...changed });
    await expect(run.done).rejects.toMatchObject({ code });
  });
});

describe('assistantChain', () => {
  test('each learns from the previous one, and is reported', async () => {
    const [assistant, student] = [makeStudent(), makeStudent()];
    const loss = softTargets({ temperature: 1 });
    const given = { teacher: makeTeacher().teacher, assistants: [assistant], student, data, holdout, loss };
    const result = await assistantChain({ ...given, trainer: trainer(), ...LEARN, epochs: 2 }).done;
    expect(result.student).toBe(student);
    expect(result.assistants).toEqual([assistant]);
    expect(result.report.teacher?.name).toBe('snapshot of mlp');
    expect(result.assistantReports[0]?.teacher?.name).toBe('fake');
  });

  test('refuses a last student that does not fit before the first one learns', async () => {
    const spy = watched(trainer());
    const student = mlp({ inputShape: [FEATURES], classes: 5 });
    const given = { teacher: makeTeacher().teacher, assistants: [makeStudent()], student, data };
    const run = assistantChain({ ...given, trainer: spy.trainer });
    await expect(run.done).rejects.toMatchObject({ code: 'class-mismatch' });
    expect(spy.read).toHaveLength(0);
  });

  test.each([
    ['no assistant', { assistants: [] }],
    ['no teacher', { teacher: undefined as never }],
    ['an unknown option', { temperature: 2 } as object],
  ])('refuses %s', async (_, changed) => {
    const { teacher } = makeTeacher();
    const run = assistantChain({
      teacher,
      assistants: [makeStudent()],
      student: makeStudent(),
      data,
      trainer: trainer(),
      ...changed,
    });
    await expect(run.done).rejects.toMatchObject({ code: 'invalid-option' });
  });

  test('refuses a student that is its own assistant', async () => {
    const student = makeStudent();
    const run = assistantChain({
      teacher: makeTeacher().teacher,
      assistants: [student],
      student,
      data,
      trainer: trainer(),
    });
    await expect(run.done).rejects.toMatchObject({ code: 'invalid-option' });
  });
});
