// A student that one run trains and another requests; and what ends during a run.
import { describe, expect, test } from 'vitest';
import { mutual } from '../losses/combination/mutual.ts';
import * as tf from '../runtime/tf.ts';
import { cohort } from '../student/kinds/cohort.ts';
import { studentFromModel } from '../student/layersModel.ts';
import { distill } from './distill.ts';
import { CLASSES, FEATURES, makeStudent, makeTeacher, working } from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { blackBox } from './schemes/blackBox.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

const IN_USE = { name: 'LimbeckError', code: 'student-in-use' };

/** A run that has taken its first step and waits for its teacher. */
async function underWay(changed: Partial<DistillOptions>) {
  let go: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const { teacher } = makeTeacher();
  let asked = 0;
  const waiting = {
    ...teacher,
    async ask(...given: Parameters<typeof teacher.ask>) {
      if (asked++ > 1) await gate;
      return teacher.ask(...given);
    },
  };
  const run = distill(working(trainer(), { teacher: waiting, teacherBatchSize: 16, ...changed }));
  for await (const event of run) if (event.type === 'step') break;
  return { run, go };
}

const model = () => tf.sequential({ layers: [tf.layers.dense({ units: CLASSES, inputShape: [FEATURES] })] });

describe('a student that learns', () => {
  test('is refused to every other run, by name, and free after the run', async () => {
    const student = makeStudent();
    const { run, go } = await underWay({ student });
    const other = distill(working(trainer(), { student })).done;
    await expect(other).rejects.toMatchObject(IN_USE);
    await expect(other).rejects.toThrow(/"mlp" is learning in another run/);
    await expect(blackBox({ ...boxed(), student }).done).rejects.toMatchObject(IN_USE);
    go();
    await run.done;
    await distill(working(trainer(), { student })).done;
  });

  test('of the page is one student in every form', async () => {
    const ofPage = model();
    const { run, go } = await underWay({ student: ofPage });
    await expect(distill(working(trainer(), { student: ofPage })).done).rejects.toMatchObject(IN_USE);
    await expect(distill(working(trainer(), { student: studentFromModel(ofPage) })).done).rejects.toMatchObject(IN_USE);
    go();
    await run.done;
    ofPage.dispose();
  });

  test('in a cohort is taken with it, and the cohort with a member', async () => {
    const [a, b] = [makeStudent(), makeStudent()];
    const { run, go } = await underWay({ student: a });
    const both = { student: cohort([a, b]), loss: mutual({ students: 2, labels: false }), teacher: undefined };
    await expect(distill(working(trainer(), both)).done).rejects.toMatchObject(IN_USE);
    go();
    await run.done;
    await distill(working(trainer(), both)).done;
  });

  test.each(['is cancelled', 'fails'])('is free when its run %s', async (how) => {
    const student = makeStudent();
    const { run, go } = await underWay({ student });
    if (how === 'is cancelled') run.cancel();
    else await expect(distill(working(trainer(), { student })).done).rejects.toMatchObject(IN_USE);
    go();
    await run.done.catch(() => undefined);
    const broken = { ...makeTeacher().teacher, ask: () => Promise.reject(new Error('no')) };
    await expect(distill(working(trainer(), { student, teacher: broken })).done).rejects.toMatchObject({
      code: 'teacher-failed',
    });
    await distill(working(trainer(), { student })).done;
  });

  test('of two runs started at once, the first has it', async () => {
    const student = makeStudent();
    const [first, second] = [distill(working(trainer(), { student })), distill(working(trainer(), { student }))];
    await expect(second.done).rejects.toMatchObject(IN_USE);
    await first.done;
  });

  test('in a scheme is taken for all rounds', async () => {
    const student = makeStudent();
    const scheme = blackBox({ ...boxed(), student, rounds: 2 });
    const refused: unknown[] = [];
    for await (const event of scheme) {
      if (event.type !== 'round') continue;
      refused.push(await distill(working(trainer(), { student })).done.catch(({ code }) => code));
    }
    expect(refused).toEqual(['student-in-use', 'student-in-use']);
    await scheme.done;
    await distill(working(trainer(), { student })).done;
  });
});

describe('what ends during a run is named, with a code', () => {
  test('a model of the page', async () => {
    const student = model();
    const { run, go } = await underWay({ student });
    student.dispose();
    go();
    await expect(run.done).rejects.toMatchObject({
      name: 'LimbeckError',
      code: 'disposed',
      message: expect.stringContaining(`"${student.name}" was disposed`),
    });
  });

  test('a custom teacher that throws an error without a code', async () => {
    let asked = 0;
    const { teacher } = makeTeacher();
    const ending = {
      ...teacher,
      async ask(...given: Parameters<typeof teacher.ask>) {
        if (asked++ > 1) throw new Error('it was released');
        return teacher.ask(...given);
      },
    };
    const run = distill(working(trainer(), { teacher: ending, teacherBatchSize: 16 }));
    await expect(run.done).rejects.toMatchObject({
      name: 'LimbeckError',
      code: 'teacher-failed',
      message: expect.stringMatching(/"fake".*it was released/),
    });
  });
});

function boxed() {
  const { teacher } = makeTeacher();
  return { teacher, data: working(trainer()).data, trainer: trainer(), rounds: 1, fineTuneEpochs: 0 };
}
