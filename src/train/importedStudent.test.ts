import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromOnnx } from '../student/fromOnnx.ts';
import { bytesOf, engineOn } from './engineCases.ts';

const folder = new URL('../student/golden/fromOnnx/', import.meta.url);
const SIZE = 24;

/** Images, and a teacher's answers: how bright each side is. */
function sourceOf() {
  const pixel = (i: number, at: number) => Math.sin(0.7 * at + i) + (at % 7 < 3 ? (i % 5) / 2 : 0);
  const images = (picked: Iterable<number>, indices = [...picked]) => ({
    data: Float32Array.from(indices.flatMap((i) => Array.from({ length: 11 * 7 * 2 }, (_, at) => pixel(i, at)))),
    shape: [indices.length, 11, 7, 2],
  });
  const logits = (picked: Iterable<number>, indices = [...picked]) => ({
    data: Float32Array.from(indices.flatMap((i) => Array.from({ length: 5 }, (_, c) => (c === i % 5 ? 4 : 0)))),
    shape: [indices.length, 5],
  });
  return {
    read: async (indices: Iterable<number>) => ({
      inputs: { x: images(indices) },
      teacher: { logits: logits(indices) },
    }),
    readInputs: async (indices: Iterable<number>) => ({ x: images(indices) }),
    readHoldout: async (indices: Iterable<number>) => ({ x: images(indices) }),
  };
}

const teacherShapes = { logits: [5] };

describe('an imported student', () => {
  const { train } = engineOn('cpu');

  test('learns from a teacher, including its batch normalization', async () => {
    const bytes = new Uint8Array(readFileSync(new URL('cnn.onnx', folder)));
    const student = await fromOnnx(bytes);
    const portable = await student.portable();
    const { artifacts, epochs, error } = await train(
      { student: portable, teacherShapes, size: SIZE, epochs: 8, batchSize: 8 },
      sourceOf() as never,
    );
    expect(error).toBeUndefined();
    expect(epochs.at(-1)?.loss).toBeLessThan(0.7 * (epochs[0]?.loss as number));
    const before = student.artifacts as NonNullable<typeof student.artifacts>;
    expect(artifacts.weightSpecs).toEqual(before.weightSpecs);
    expect(bytesOf(artifacts)).not.toEqual(bytesOf(before));
  });

  test('keeps weights that do not learn', async () => {
    const bytes = new Uint8Array(readFileSync(new URL('cnn.onnx', folder)));
    const student = await fromOnnx(bytes, { trainable: ['fc'] });
    const { artifacts } = await train(
      { student: await student.portable(), teacherShapes, size: SIZE, batchSize: 8 },
      sourceOf() as never,
    );
    const head = 4 * (48 * 5 + 5);
    const [after, before] = [artifacts, student.artifacts as typeof artifacts].map(bytesOf) as [Uint8Array, Uint8Array];
    const names = artifacts.weightSpecs.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('fc/'))).toEqual(['fc/kernel', 'fc/bias']);
    const at = artifacts.weightSpecs.findIndex(({ name }) => name === 'fc/kernel');
    const start =
      4 * artifacts.weightSpecs.slice(0, at).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(after.slice(start, start + head)).not.toEqual(before.slice(start, start + head));
    const kernel = artifacts.weightSpecs.findIndex(({ name }) => name === 'conv1/kernel');
    const first =
      4 * artifacts.weightSpecs.slice(0, kernel).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(after.slice(first, first + 4 * 108)).toEqual(before.slice(first, first + 4 * 108));
  });
});
