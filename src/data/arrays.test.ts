import { describe, expect, expectTypeOf, test } from 'vitest';
import { pickRows } from '../core/rows.ts';
import { fromArrays } from './arrays.ts';
import type { Dataset, Examples, LabelledDataset, LabelledExamples } from './dataset.ts';

const pixels = { data: Uint8Array.from({ length: 12 }, (_, i) => i), shape: [3, 2, 2] };
const scores = { data: Float32Array.of(0.5, 1.5, 2.5), shape: [3] };

describe('fromArrays', () => {
  test('names a single array "input" and describes its shape and type', () => {
    const data = fromArrays(pixels);
    expect(data).toMatchObject({ size: 3, hasLabels: false, inputs: { input: { shape: [2, 2], dtype: 'uint8' } } });
  });

  test('keeps the names of several', () => {
    const data = fromArrays({ pixels, scores });
    expect(data.inputs).toEqual({ pixels: { shape: [2, 2], dtype: 'uint8' }, scores: { shape: [], dtype: 'float32' } });
  });

  test('reads rows by index, in any order and more than once, with their type', async () => {
    const { inputs } = await fromArrays({ pixels, scores }).read(Int32Array.of(2, 0, 2));
    expect(inputs['pixels']).toEqual({ data: Uint8Array.of(8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11), shape: [3, 2, 2] });
    expect(inputs['scores']).toEqual({ data: Float32Array.of(2.5, 0.5, 2.5), shape: [3] });
  });

  test('reads copies, so changing them leaves the data alone', async () => {
    const data = fromArrays(scores);
    const first = await data.read(Int32Array.of(0));
    first.inputs['input']?.data.fill(9);
    expect((await data.read(Int32Array.of(0))).inputs['input']?.data).toEqual(Float32Array.of(0.5));
  });

  test('has labels, at run time and in its type, only if they are given', async () => {
    const labelled = fromArrays(scores, [4, 5, 6]);
    expect(labelled.hasLabels).toBe(true);
    expect((await labelled.read(Int32Array.of(2, 1))).labels).toEqual(Int32Array.of(6, 5));
    expectTypeOf(labelled).toEqualTypeOf<LabelledDataset>();
    expectTypeOf(labelled.read).returns.resolves.toEqualTypeOf<LabelledExamples>();
    const plain = fromArrays(scores);
    expect(Object.keys(await plain.read(Int32Array.of(0)))).toEqual(['inputs']);
    expectTypeOf(plain).toEqualTypeOf<Dataset>();
    expectTypeOf(plain.read).returns.resolves.toEqualTypeOf<Examples>();
  });

  test('may be empty', async () => {
    const data = fromArrays({ data: new Float32Array(0), shape: [0, 4] });
    expect(data.size).toBe(0);
    expect((await data.read(new Int32Array(0))).inputs['input']?.shape).toEqual([0, 4]);
  });

  test.each([
    ['values that do not fill the shape', () => fromArrays({ data: new Float32Array(5), shape: [3, 2] }), 'Given 5'],
    [
      'inputs of different lengths',
      () => fromArrays({ scores, x: { data: new Float32Array(2), shape: [2] } }),
      '"x" has 2',
    ],
    [
      'labels of a different length',
      () => fromArrays(scores, [1, 2]),
      '"labels" has 2 examples, the first input has 3',
    ],
  ])('refuses %s', (_, make, sentence) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining(sentence) }),
    );
  });
});

test('pickRows takes rows of any rank and type', () => {
  const table = { data: Int32Array.of(1, 2, 3, 4), shape: [2, 1, 2] };
  expect(pickRows(table, Int32Array.of(1))).toEqual({ data: Int32Array.of(3, 4), shape: [1, 1, 2] });
  expect(pickRows(table, new Int32Array(0))).toEqual({ data: new Int32Array(0), shape: [0, 1, 2] });
});
