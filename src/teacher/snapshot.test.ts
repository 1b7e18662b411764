import { beforeAll, expect, test } from 'vitest';
import type { NamedArrays } from '../core/shape.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf, studentFromModel } from '../student/layersModel.ts';
import { type Student, studentFromArtifacts } from '../student/student.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { snapshot } from './snapshot.ts';

const inputs: NamedArrays = { x: { data: Float32Array.of(1, 2), shape: [1, 2] } };
const here = { worker: 'none' } as const;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

function dense(weight: number): tf.LayersModel {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2], useBias: false })] });
  model.setWeights([tf.fill([2, 1], weight)]);
  return model;
}

test('a snapshot stays what the student was, whatever the student becomes', async () => {
  const [before, after] = [dense(1), dense(10)];
  const student = studentFromArtifacts('pupil', await artifactsOf(before));
  await using yesterday = await snapshot(student, here);
  await student.adopt(await artifactsOf(after));
  new Uint8Array(student.artifacts?.weightData ?? new ArrayBuffer(0)).fill(0);
  await using today = await snapshot(studentFromArtifacts('pupil', await artifactsOf(after)), here);
  expect(Array.from((await yesterday.ask(inputs))['logits']?.data ?? [])).toEqual([3]);
  expect(Array.from((await today.ask(inputs))['logits']?.data ?? [])).toEqual([30]);
  expect(yesterday.description.name).toBe('snapshot of pupil');
  expect(yesterday.description.identity).not.toBe(today.description.identity);
});

test('the student’s own bytes may change while the snapshot is being taken', async () => {
  const artifacts = await artifactsOf(dense(1));
  const taking = snapshot(studentFromArtifacts('pupil', artifacts), here);
  await Promise.resolve();
  await Promise.resolve();
  new Float32Array(artifacts.weightData).fill(7);
  await using teacher = await taking;
  expect(Array.from((await teacher.ask(inputs))['logits']?.data ?? [])).toEqual([3]);
});

test('a model of tfjs is a student as well, given as it is or as one', async () => {
  const model = dense(2);
  for (const student of [model, studentFromModel(model)]) {
    await using teacher = await snapshot(student, { ...here, name: 'mine' });
    expect(Array.from((await teacher.ask(inputs))['logits']?.data ?? [])).toEqual([6]);
    expect(teacher.description.name).toBe('mine');
  }
});

test.each([
  { name: 'a design without weights', student: mlp({ inputShape: [2], classes: 2 }) },
  { name: 'nothing', student: undefined },
  { name: 'an object', student: {} },
])('refuses $name', async ({ student }) => {
  await expect(snapshot(student as Student, here)).rejects.toMatchObject({ code: 'student-invalid' });
});

test('refuses a misspelt option before anything else', async () => {
  const misspelt = { ...here, thread: 1 } as typeof here;
  await expect(snapshot(dense(1), misspelt)).rejects.toMatchObject({ code: 'invalid-option' });
});
