import { expect, test } from 'vitest';
import { fromArrays } from '../data/arrays.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { takeStudents } from '../student/lease.ts';
import { studentFromArtifacts } from '../student/student.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { personalize } from './personalize.ts';

const IN_USE = { name: 'LimbeckError', code: 'student-in-use' };
const data = fromArrays(
  { data: Float32Array.from({ length: 48 }, (_, i) => Math.sin(i) + (i % 4 < 2 ? 1 : -1)), shape: [24, 2] },
  Int32Array.from({ length: 24 }, (_, i) => i % 2),
);
const trained = async () =>
  studentFromArtifacts('mine', await artifactsFrom(mlp({ inputShape: [2], classes: 2, hidden: [4] }), 'build'));
const adapt = (student: Awaited<ReturnType<typeof trained>>) =>
  personalize({ student, data, trainer: { worker: 'none', backend: 'cpu' } });

test('a student that learns is not adapted, by its name', async () => {
  const student = await trained();
  const learning = takeStudents([student]);
  const refused = adapt(student).done;
  await expect(refused).rejects.toMatchObject(IN_USE);
  await expect(refused).rejects.toThrow('"mine" is learning in another run');
  learning[Symbol.dispose]();
  await adapt(student).done;
});

test('a student that is adapted is read by several runs, and free for one that trains it when they have ended', async () => {
  const student = await trained();
  const first = adapt(student);
  const failing = adapt(student);
  await Promise.resolve();
  expect(() => takeStudents([student])).toThrow(expect.objectContaining(IN_USE));
  failing.cancel();
  await expect(failing.done).rejects.toMatchObject({ name: 'AbortError' });
  await first.done;
  using lease = takeStudents([student]);
  expect(lease.covers(student)).toBe(true);
});
