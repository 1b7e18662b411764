import { describe, expect, test } from 'vitest';
import { isLabelled, type LabelledDataset } from './dataset.ts';
import { fromLists, type ListsOptions } from './lists.ts';

const queries = { data: Int32Array.of(10, 11, /**/ 20, 21, /**/ 30, 31), shape: [3, 2] };
const documents = { data: Float32Array.from({ length: 15 }, (_, i) => i), shape: [5, 3] };
const lists = [[4, 0], [1], [2, 3, 1]];
const all = Int32Array.of(0, 1, 2);

describe('fromLists', () => {
  test('gives queries with their documents, and numbers of both', async () => {
    const data = fromLists(queries, documents, lists, { candidates: 2 });
    expect(data).toMatchObject({ size: 3, hasLabels: false });
    expect(data.inputs).toEqual({
      query: { shape: [2], dtype: 'int32' },
      candidates: { shape: [2, 3], dtype: 'float32' },
      queryNumber: { shape: [1], dtype: 'int32' },
      candidateNumbers: { shape: [2], dtype: 'int32' },
    });
    const { inputs } = await data.read(Int32Array.of(2, 0));
    expect([...(inputs['query']?.data ?? [])]).toEqual([30, 31, 10, 11]);
    expect(inputs['candidates']?.shape).toEqual([2, 2, 3]);
    expect([...(inputs['candidates']?.data ?? [])]).toEqual([6, 7, 8, 9, 10, 11, /**/ 12, 13, 14, 0, 1, 2]);
    expect([...(inputs['queryNumber']?.data ?? [])]).toEqual([2, 0]);
    expect([...(inputs['candidateNumbers']?.data ?? [])]).toEqual([2, 3, 4, 0]);
  });

  test('fills short lists up with other documents, from a seed', async () => {
    const numbers = async (seed: number) => {
      const { inputs } = await fromLists(queries, documents, lists, { candidates: 4, seed }).read(all);
      return [...(inputs['candidateNumbers']?.data ?? [])];
    };
    const first = await numbers(1);
    expect([first.slice(0, 2), first.slice(4, 5), first.slice(8, 11)]).toEqual(lists);
    for (let i = 0; i < 3; i++) expect(new Set(first.slice(4 * i, 4 * i + 4)).size).toBe(4);
    expect(await numbers(1)).toEqual(first);
    const others = await Promise.all([2, 3, 4].map(numbers));
    expect(others.some((other) => other.join() !== first.join())).toBe(true);
  });

  test('is labelled by its grades: the most relevant candidate, or none', async () => {
    const grades = [[1, 3], [0], [0, 2, 2]];
    const data = fromLists(queries, documents, lists, { candidates: 3, grades });
    expect(isLabelled(data)).toBe(true);
    const { labels, inputs } = await (data as LabelledDataset).read(all);
    expect([...labels]).toEqual([1, -1, 1]);
    expect([...(inputs['grades']?.data ?? [])]).toEqual([1, 3, 0, /**/ 0, 0, 0, /**/ 0, 2, 2]);
  });

  const refused = (given: Parameters<typeof fromLists>[2], options: object = { candidates: 2 }) => {
    try {
      fromLists(queries, documents, given, options as ListsOptions);
    } catch (error) {
      return error as { code: string; message: string };
    }
    throw new Error('It was not refused.');
  };

  test('refuses lists that are no lists, before anything is trained', () => {
    expect(refused([[0], [], [1]])).toMatchObject({ code: 'empty-list', message: expect.stringContaining('query 1 ') });
    expect(refused([[0], [1]]).code).toBe('shape-mismatch');
    expect(refused([[0], [1], [5]]).message).toContain('it names 5, and there are 5 documents');
    expect(refused([[0], [1], [-1]]).code).toBe('invalid-option');
    expect(refused([[0], [1], [0.5]]).code).toBe('invalid-option');
    expect(refused([[0], [1], [2, 2]]).message).toContain('one of them twice');
    expect(refused(lists, { candidates: 6 })).toMatchObject({
      code: 'shape-mismatch',
      message: expect.stringContaining('given 5'),
    });
    expect(refused(lists, { candidates: 1 }).code).toBe('invalid-option');
    expect(refused(lists, { length: 2 }).code).toBe('invalid-option');
  });

  test('refuses grades that are no grades', () => {
    const withGrades = (grades: number[][]) => refused(lists, { candidates: 2, grades });
    expect(withGrades([[1, 1], [1]]).code).toBe('shape-mismatch');
    expect(
      withGrades([
        [1, 1],
        [1, 1],
        [1, 1, 1],
      ]),
    ).toMatchObject({
      code: 'shape-mismatch',
      message: expect.stringContaining('list 1 has 1 documents and 2 grades'),
    });
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(withGrades([[1, 1], [bad], [1, 1, 1]])).toMatchObject({ code: 'invalid-option' });
    }
  });
});
