import { describe, expect, test } from 'vitest';
import { fromArrays } from '../data/arrays.ts';
import { confident, confidentIndices } from './confident.ts';

/** Probabilities of two classes, given the first. */
const answers = (...first: number[]) => ({
  data: Float32Array.from(first.flatMap((p) => [p, 1 - p])),
  shape: [first.length, 2],
});
const given = 'probs';

describe('the indices', () => {
  test('are those with confident answers, in order', () => {
    const probs = answers(0.5, 0.875, 0.125, 0.75, 0.25);
    expect(confidentIndices(probs, { given, least: 0.75 })).toEqual(Int32Array.of(1, 2, 3, 4));
    expect(confidentIndices(probs, { given, least: 0.8 })).toEqual(Int32Array.of(1, 2));
    expect(confidentIndices(probs, { given })).toHaveLength(5);
    expect(confidentIndices(probs, { given, least: 1 })).toHaveLength(0);
  });

  test('are the same for logits', () => {
    const probs = answers(0.5, 0.9, 0.2, 0.7);
    const logits = { ...probs, data: probs.data.map((p) => Math.log(p) + 7) };
    for (const least of [0.3, 0.6, 0.75, 0.85]) {
      expect(confidentIndices(logits, { least })).toEqual(confidentIndices(probs, { given, least }));
    }
  });

  test('never include NaN answers', () => {
    const logits = {
      data: Float32Array.of(Number.NaN, 1, 1, Number.NaN, Number.POSITIVE_INFINITY, 0, 1, 0),
      shape: [4, 2],
    };
    expect(confidentIndices(logits, { least: 0 })).toEqual(Int32Array.of(3));
    const probs = { ...logits, data: logits.data.slice() };
    expect(confidentIndices(probs, { given, least: 0 })).toEqual(Int32Array.of(3));
  });

  test('balanced, are the most confident of a class with many, and repeat those of a class with few', () => {
    const probs = answers(0.6, 0.9, 0.7, 0.8, 0.1, 0.2);
    expect(confidentIndices(probs, { given, perClass: 3 })).toEqual(Int32Array.of(1, 3, 2, /**/ 4, 5, 4));
    expect(confidentIndices(probs, { given, perClass: 1 })).toEqual(Int32Array.of(1, 4));
    // Of (4 + 2) / 2.
    expect(confidentIndices(probs, { given, perClass: 'mean' })).toEqual(Int32Array.of(1, 3, 2, /**/ 4, 5, 4));
    expect(confidentIndices(probs, { given, perClass: 'mean', least: 0.85 })).toEqual(Int32Array.of(1, 4));
  });

  test('balanced, leave out a class without confident ones, and keep equal ones in order', () => {
    const probs = { data: Float32Array.of(0.5, 0.5, 0, 1, 0, 0, 0.5, 0.5, 0), shape: [3, 3] };
    expect(confidentIndices(probs, { given, perClass: 2 })).toEqual(Int32Array.of(1, 0));
    expect(confidentIndices(probs, { given, least: 0.4, perClass: 3 })).toEqual(Int32Array.of(1, 0, 2));
    expect(confidentIndices({ data: new Float32Array(0), shape: [0, 3] }, { perClass: 'mean' })).toHaveLength(0);
  });
});

describe('the examples', () => {
  const data = fromArrays({ data: Float32Array.of(10, 11, 12), shape: [3, 1] }, [0, 1, 0]);

  test('are a view of the dataset, with its labels', async () => {
    const sure = confident(data, answers(0.2, 0.5, 0.9), { given, least: 0.75 });
    expect(sure.size).toBe(2);
    const { inputs, labels } = await sure.read(Int32Array.of(1, 0));
    expect([...(inputs['input']?.data ?? [])]).toEqual([12, 10]);
    expect([...labels]).toEqual([0, 0]);
  });

  test('are refused if there are none', () => {
    expect(() => confident(data, answers(0.5, 0.5, 0.6), { given, least: 0.9 })).toThrow(
      expect.objectContaining({ code: 'empty-dataset', message: expect.stringContaining('None of 3 answers') }),
    );
  });
});

test.each([
  ['invalid-option', { least: 1.5 }],
  ['invalid-option', { least: Number.NaN }],
  ['invalid-option', { perClass: 0 }],
  ['invalid-option', { perClass: 'median' }],
  ['invalid-option', { given: 'logProbs' }],
  ['invalid-option', { most: 1 }],
])('%s: %o', (code, options) => {
  expect(() => confidentIndices(answers(0.5), options as never)).toThrow(expect.objectContaining({ code }));
});

test('refuses answers that are not one row of classes for each example', () => {
  const refused = expect.objectContaining({ code: 'shape-mismatch' });
  for (const shape of [[4], [1, 2, 2], [4, 0]]) {
    expect(() => confidentIndices({ data: new Float32Array(4), shape })).toThrow(refused);
  }
  const data = fromArrays({ data: new Float32Array(3), shape: [3, 1] });
  expect(() => confident(data, answers(0.5, 0.5))).toThrow(refused);
});
