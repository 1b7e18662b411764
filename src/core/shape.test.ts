import { describe, expect, test } from 'vitest';
import { dtypeOf, firstNonFinite, formatShape, isSameShape, makeArray, ndArray, sizeOf } from './shape.ts';

test('sizeOf counts the values of a shape', () => {
  expect(sizeOf([2, 3, 4])).toBe(24);
  expect(sizeOf([])).toBe(1);
  expect(sizeOf([5, 0])).toBe(0);
});

test.each(['float32', 'int32', 'uint8'] as const)('makeArray and dtypeOf agree on %s', (dtype) => {
  const array = makeArray(dtype, 3);
  expect(dtypeOf(array)).toBe(dtype);
  expect([...array]).toEqual([0, 0, 0]);
});

test('formatShape writes an unknown length as a question mark', () => {
  expect(formatShape([64, 28, 28, 1])).toBe('[64, 28, 28, 1]');
  expect(formatShape([null, -1, 10])).toBe('[?, ?, 10]');
  expect(formatShape([])).toBe('[]');
});

test('isSameShape lets an unknown length be any', () => {
  expect(isSameShape([2, 3], [2, 3])).toBe(true);
  expect(isSameShape([2, 3], [null, 3])).toBe(true);
  expect(isSameShape([null, 3], [2, 3])).toBe(true);
  expect(isSameShape([2, 3], [3, 2])).toBe(false);
  expect(isSameShape([2, 3], [2, 3, 1])).toBe(false);
  expect(isSameShape([], [])).toBe(true);
});

describe('ndArray', () => {
  test('keeps the values it is given', () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const array = ndArray(data, [2, 3]);
    expect(array.data).toBe(data);
    expect(array.shape).toEqual([2, 3]);
  });

  test.each([
    { values: 5, shape: [2, 3], sentence: 'Given 5 values for the shape [2, 3], which holds 6.' },
    { values: 7, shape: [2, 3], sentence: 'Given 7 values for the shape [2, 3], which holds 6.' },
    { values: 6, shape: [-2, -3], sentence: 'The shape [?, ?] holds a length that is no whole number of 0 or more.' },
    { values: 3, shape: [1.5, 2], sentence: 'The shape [1.5, 2] holds a length that is no whole number of 0 or more.' },
  ])('refuses $values values as $shape', ({ values, shape, sentence }) => {
    expect(() => ndArray(new Float32Array(values), shape)).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining(sentence) }),
    );
  });

  test.each([
    { name: 'doubles', data: Float64Array.of(0.5, 0.25) },
    { name: 'a plain array', data: [0.5, 0.25] },
    { name: 'nothing', data: undefined },
  ])('refuses $name, which would be read as bytes', ({ data }) => {
    expect(() => ndArray(data as unknown as Float32Array, [2])).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        message: expect.stringContaining('Float32Array.from(values)'),
      }),
    );
  });
});

test('firstNonFinite finds the first value that is no number', () => {
  expect(firstNonFinite(Float32Array.of(1, 2, 3))).toBe(-1);
  expect(firstNonFinite(Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY))).toBe(1);
  expect(firstNonFinite(Float32Array.of(Number.NEGATIVE_INFINITY))).toBe(0);
  expect(firstNonFinite(Float32Array.of(1, 1e39))).toBe(1);
  expect(firstNonFinite(Int32Array.of(1, 2))).toBe(-1);
  expect(firstNonFinite(new Uint8Array(0))).toBe(-1);
});
