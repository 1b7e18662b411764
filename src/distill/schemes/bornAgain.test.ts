import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { softTargets } from '../../losses/softTargets.ts';
import type { Student } from '../../student/student.ts';
import { openTrainer, type Trainer } from '../../train/trainer.ts';
import {
  CLASSES,
  data,
  HERE,
  holdout,
  labelled,
  makeStudent,
  makeTeacher,
  watched,
  weightsOf,
} from '../distillCases.ts';
import { noiseTeacher, accuracyOf as ofUnseen, unseen } from '../unseenCases.ts';
import { assistantChain } from './assistantChain.ts';
import { type BornAgainEvent, bornAgain } from './bornAgain.ts';

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

const LEARN = { epochs: 25, batchSize: 16, optimizer: { learningRate: 0.02 }, snapshots: { worker: 'none' } } as const;

const accuracyOf = (student: Student) => ofUnseen(trainer, student);

describe('bornAgain', () => {
  test('each generation learns from the one before, and all answer together', async () => {
    const events: BornAgainEvent[] = [];
    const run = bornAgain({ student: makeStudent, data: labelled, holdout, trainer, ...LEARN, ensemble: true });
    for await (const event of run) events.push(event);
    const { students, reports, ensemble } = await run.done;
    expect(students).toHaveLength(3);
    for (const student of students) expect(await accuracyOf(student)).toBeGreaterThan(0.85);
    expect(weightsOf(students[1] as Student)).not.toEqual(weightsOf(students[0] as Student));
    expect(reports.map(({ teacher }) => teacher?.name)).toEqual([undefined, 'snapshot of mlp', 'snapshot of mlp']);
    expect(reports.map(({ loss }) => loss.name)).toEqual(['crossEntropy', 'weighted', 'weighted']);
    expect(events.flatMap((event) => (event.type === 'generation' ? [event.generation] : []))).toEqual([1, 2, 3]);
    expect(events.filter((event) => event.type === 'epoch' && event.generation === 2)).toHaveLength(LEARN.epochs);
    const { logits } = (await ensemble?.ask({ input: unseen })) ?? {};
    expect(logits?.shape).toEqual([200, CLASSES]);
    await ensemble?.[Symbol.asyncDispose]();
  });

  test('what the first teacher knows reaches the last generation, and noise does not teach', async () => {
    const accuracies = [];
    for (const teacher of [makeTeacher().teacher, noiseTeacher()]) {
      const loss = softTargets({ temperature: 1 });
      const run = bornAgain({ student: makeStudent, teacher, data, trainer, ...LEARN, generations: 2, loss });
      const { students } = await run.done;
      accuracies.push(await accuracyOf(students[1] as Student));
    }
    expect(accuracies[0]).toBeGreaterThan(0.85);
    expect(accuracies[1]).toBeLessThan(0.65);
  });

  test('gives the same generations for the same seed', async () => {
    const weights = [];
    for (const seed of [1, 1, 2]) {
      const run = bornAgain({
        student: makeStudent,
        data: labelled,
        trainer,
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

  test('stops when it is told to, and leaves nothing open', async () => {
    const { trainer: shared, disposals } = watched(trainer);
    const run = bornAgain({ student: makeStudent, data: labelled, trainer: shared, ...LEARN, ensemble: true });
    for await (const event of run) {
      if (event.type === 'epoch' && event.generation === 2) run.cancel();
      else continue;
      break;
    }
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
    expect(disposals()).toBe(0);
    expect((await trainer.memory()).tensors).toBe(tensorsBefore);
  });

  test.each([
    ['one generation', { generations: 1 }, 'invalid-option'],
    ['a student in place of a function', { student: makeStudent() as never }, 'invalid-option'],
    ['an option that it does not have', { temperature: 2 } as object, 'invalid-option'],
    ['data without labels and no teacher', { data }, 'labels-missing'],
  ] as const)('refuses %s', async (_, changed, code) => {
    const run = bornAgain({ student: makeStudent, data: labelled, trainer, ...LEARN, ...changed });
    await expect(run.done).rejects.toMatchObject({ code });
  });
});

describe('assistantChain', () => {
  test('the student learns from the assistant only, and noise at the start does not teach', async () => {
    const accuracies = [];
    for (const given of [makeTeacher(), { ...makeTeacher(), teacher: noiseTeacher() }]) {
      const [assistant, student] = [makeStudent(), makeStudent()];
      const loss = softTargets({ temperature: 1 });
      const run = assistantChain({
        ...{ teacher: given.teacher, assistants: [assistant], student, data, holdout, trainer, loss },
        ...LEARN,
      });
      const stages: string[] = [];
      for await (const event of run) if (event.type === 'stage') stages.push(`${event.stage}/${event.stages}`);
      const result = await run.done;
      expect(stages).toEqual(['1/2', '2/2']);
      expect(result.student).toBe(student);
      expect(result.assistants).toEqual([assistant]);
      expect(result.report.teacher?.name).toBe('snapshot of mlp');
      expect(result.assistantReports[0]?.teacher?.name).not.toBe('snapshot of mlp');
      accuracies.push(await accuracyOf(student));
    }
    expect(accuracies[0]).toBeGreaterThan(0.85);
    expect(accuracies[1]).toBeLessThan(0.65);
  });

  test.each([
    ['no assistant', { assistants: [] }],
    ['no teacher', { teacher: undefined as never }],
    ['an option that it does not have', { temperature: 2 } as object],
  ])('refuses %s', async (_, changed) => {
    const { teacher } = makeTeacher();
    const run = assistantChain({
      teacher,
      assistants: [makeStudent()],
      student: makeStudent(),
      data,
      trainer,
      ...changed,
    });
    await expect(run.done).rejects.toMatchObject({ code: 'invalid-option' });
  });

  test('refuses a student that is its own assistant', async () => {
    const student = makeStudent();
    const run = assistantChain({ teacher: makeTeacher().teacher, assistants: [student], student, data, trainer });
    await expect(run.done).rejects.toMatchObject({ code: 'invalid-option' });
  });
});
