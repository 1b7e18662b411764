import { expect, test } from 'vitest';
import { distill } from './distill.ts';
import { holdout, makeTeacher, weightsOf, working } from './distillCases.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

test('the teacher chooses the size of each batch; the student does not depend on it', async () => {
  const sizes = [8, 16, 3, 8, 64];
  const { teacher, batches } = makeTeacher();
  const asked = { ...teacher, nextBatchSize: () => sizes.shift() ?? 8 };
  const { student } = await distill(working(trainer(), { teacher: asked, holdout })).done;
  // Two for the check, each example of the data once, and of the holdout.
  expect(batches).toEqual([2, 8, 16, 3, 8, 13, 8, 8, 4]);
  const steady = await distill(working(trainer(), { holdout })).done;
  expect(weightsOf(student)).toEqual(weightsOf(steady.student));
});

test('a given number overrides its choice', async () => {
  const { teacher, batches } = makeTeacher();
  await distill(working(trainer(), { teacher: { ...teacher, nextBatchSize: () => 8 }, teacherBatchSize: 24 })).done;
  expect(batches).toEqual([2, 24, 24]);
});
