import { expect, test } from 'vitest';
import { fromSequences } from './sequences.ts';

const sequences = [
  { data: Float32Array.of(1, 2), shape: [1, 2] },
  { data: Float32Array.of(3, 4, 5, 6, 7, 8), shape: [3, 2] },
  { data: new Float32Array(0), shape: [0, 2] },
];
const all = Int32Array.of(0, 1, 2);

test('pads short ones at their end to the longest, and says where steps are', async () => {
  const data = fromSequences(sequences, { mask: 'yes', padding: -1 }, [0, 1, 1]);
  expect(data.inputs).toEqual({
    input: { shape: [3, 2], dtype: 'float32' },
    mask: { shape: [3], dtype: 'float32' },
  });
  const { inputs, labels } = await data.read(all);
  expect([...(inputs['input']?.data ?? [])]).toEqual([1, 2, -1, -1, -1, -1, 3, 4, 5, 6, 7, 8, -1, -1, -1, -1, -1, -1]);
  expect([...(inputs['mask']?.data ?? [])]).toEqual([1, 0, 0, 1, 1, 1, 0, 0, 0]);
  expect([...labels]).toEqual([0, 1, 1]);
});

test('pads before them, and cuts what is longer', async () => {
  const { inputs } = await fromSequences(sequences, { length: 2, side: 'start', mask: 'yes' }).read(all);
  expect([...(inputs['input']?.data ?? [])]).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0]);
  expect([...(inputs['mask']?.data ?? [])]).toEqual([0, 1, 1, 1, 0, 0]);
});

test('takes sequences of single numbers', async () => {
  const data = fromSequences([{ data: Int32Array.of(5, 6), shape: [2] }], { length: 3 });
  expect(data.inputs['input']?.shape).toEqual([3]);
  expect([...((await data.read(Int32Array.of(0))).inputs['input']?.data ?? [])]).toEqual([5, 6, 0]);
});

test('refuses none, other features, and numbers that are not of the shape', () => {
  const code = (wanted: string) => expect.objectContaining({ code: wanted });
  expect(() => fromSequences([])).toThrow(code('empty-dataset'));
  const [first] = sequences;
  for (const odd of [
    { data: new Float32Array(3), shape: [1, 3] },
    { data: new Float32Array(2), shape: [2] },
    { data: new Float32Array(5), shape: [2, 2] },
  ]) {
    expect(() => fromSequences([first as never, odd])).toThrow(code('shape-mismatch'));
  }
});
