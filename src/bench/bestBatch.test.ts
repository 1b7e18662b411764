import { expect, test } from 'vitest';
import { bestBatch } from './bestBatch.ts';
import type { Subject } from './subject.ts';

/** Costs so many milliseconds a pass, by its batch; none takes any time. */
function opening(costs: Readonly<Record<number, number>>) {
  const asked: number[] = [];
  const open = async (batch: number): Promise<Subject> => {
    asked.push(batch);
    const ms = costs[batch];
    if (ms === undefined) throw new Error('It does not fit.');
    return {
      ...{ threads: 1, notices: [], kill: () => undefined, answer: async () => ({}) },
      time: async (figures) => Array.from({ length: figures }, () => ms),
      async [Symbol.asyncDispose]() {},
    };
  };
  return { open, asked };
}

const settings = { budgetMs: 60_000, signal: new AbortController().signal };

test.each<[string, Readonly<Record<number, number>>, number, number[]]>([
  ['the largest, while each is better', { 1: 1, 4: 2, 16: 4, 64: 8 }, 64, [1, 4, 16, 64]],
  ['the last that was better', { 1: 1, 4: 2, 16: 8, 64: 8 }, 4, [1, 4, 16]],
  ['one, where a larger batch gains nothing', { 1: 1, 4: 4 }, 1, [1, 4]],
  ['what opens', { 1: 1, 4: 2 }, 4, [1, 4, 16]],
  ['what fits into the budget', { 1: 20_000, 4: 1 }, 1, [1]],
])('it takes %s', async (_what, costs, best, sizes) => {
  const { open, asked } = opening(costs);
  expect(await bestBatch(open, settings)).toBe(best);
  expect(asked).toEqual(sizes);
});

test('what does not open with one example is told', async () => {
  await expect(bestBatch(opening({}).open, settings)).rejects.toThrow('It does not fit.');
});
