// Another student in the place of one that answers, without a call that is lost.
import { expect, test, vi } from 'vitest';
import { images, labels, loadedStudents } from './loadCases.ts';

const { given, load } = loadedStudents();
const { data } = images(1);
const shape = [1, 10, 10, 1];
const first = async (student: Awaited<ReturnType<typeof load>>) => {
  const { outputs } = await student.predict({ data, shape });
  return [...(outputs['logits']?.data ?? [])];
};

test('calls under way are answered by the old student, later ones by the new one, and none is dropped', async () => {
  const student = await load(given.tiny.onnx());
  const before = await first(student);
  const replacing = student.replace(given.tiny.onnx(2), { name: 'second', labels });
  const meanwhile: number[][] = [];
  let isDone = false;
  const asking = (async () => {
    while (!isDone) meanwhile.push(await first(student));
  })();
  await replacing;
  isDone = true;
  await asking;
  const after = await first(student);
  expect(after).not.toEqual(before);
  expect(meanwhile.length).toBeGreaterThan(0);
  for (const answer of meanwhile) expect([before, after]).toContainEqual(answer);
  expect(student.description).toMatchObject({ name: 'second', labels });
  expect((await student.predict({ data, shape })).labels).toHaveLength(1);
});

test('one that cannot be opened, or takes other inputs, leaves the old one as it was', async () => {
  const student = await load(given.tiny.onnx(), { name: 'first' });
  const before = await first(student);
  await expect(student.replace(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: expect.any(String) });
  const { mlp } = await import('../student/zoo/mlp.ts');
  const { artifactsFrom } = await import('../student/artifacts.ts');
  const other = await artifactsFrom(mlp({ inputShape: [9], classes: 3, hidden: [7] }), 'build');
  await expect(student.replace(other, { engine: 'tfjs' })).rejects.toMatchObject({
    code: 'shape-mismatch',
    message: expect.stringMatching(/"first" stays/),
  });
  await expect(student.replace(given.tiny.onnx(), { thread: 1 } as object)).rejects.toMatchObject({
    code: 'invalid-option',
  });
  expect(await first(student)).toEqual(before);
  expect(student.description.name).toBe('first');
});

test('of several replacements the last one that was asked for stays', async () => {
  const student = await load(given.tiny.onnx());
  await Promise.all([2, 3, 4].map((scale) => student.replace(given.tiny.onnx(scale), { name: `${scale}` })));
  expect(student.description.name).toBe('4');
});

test('a student that is disposed meanwhile ends the new one too', async () => {
  const student = await load(given.tiny.onnx());
  const replacing = student.replace(given.tiny.onnx(2));
  const refused = expect(replacing).rejects.toMatchObject({ code: 'disposed' });
  await student[Symbol.asyncDispose]();
  await refused;
  await expect(student.replace(given.tiny.onnx())).rejects.toMatchObject({ code: 'disposed' });
  await vi.waitFor(() => expect(student.predict({ data, shape })).rejects.toMatchObject({ code: 'disposed' }));
});
