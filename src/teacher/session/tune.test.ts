import { expect, test } from 'vitest';
import { chooseBatch, tuneBatch } from './tune.ts';

const SIZES = [1, 8, 16, 32, 64];

/** A clock that a batch moves on by what it is said to cost. */
function timed(costs: Record<number, number>, failing?: number) {
  let time = 0;
  const ran: number[] = [];
  const run = async (size: number) => {
    ran.push(size);
    if (size === failing) throw new Error('no room');
    time += size * (costs[size] ?? 1);
  };
  return { run, ran, now: () => time, spent: () => time };
}

test('the sizes are tried until two in a row bring nothing', async () => {
  const { ran, ...clock } = timed({ 1: 800, 8: 660, 16: 655, 32: 650, 64: 1 });
  const figures = await tuneBatch({ ...clock, sizes: SIZES, budgetMs: 1e6 });
  expect(figures).toEqual([
    { batchSize: 1, msPerExample: 800 },
    { batchSize: 8, msPerExample: 660 },
    { batchSize: 16, msPerExample: 655 },
    { batchSize: 32, msPerExample: 650 },
  ]);
  expect(chooseBatch(figures)).toEqual({ batchSize: 16, msPerExample: 655 });
  expect(ran).not.toContain(64);
});

test('one size that brings nothing does not end the search', async () => {
  const clock = timed({ 1: 8, 8: 8, 16: 4, 32: 4, 64: 4 });
  expect(chooseBatch(await tuneBatch({ ...clock, sizes: SIZES, budgetMs: 1e6 })).batchSize).toBe(16);
});

test('a size that would take longer than there is time is not begun', async () => {
  const clock = timed({ 1: 50, 8: 40, 16: 30, 32: 20 });
  const figures = await tuneBatch({ ...clock, sizes: SIZES, budgetMs: 1200 });
  expect(figures.map(({ batchSize }) => batchSize)).toEqual([1, 8]);
  expect(clock.spent()).toBeLessThanOrEqual(1200);
});

test('a slow model is timed once for each size that fits', async () => {
  const { ran, ...clock } = timed({ 1: 40, 8: 30 });
  const figures = await tuneBatch({ ...clock, sizes: SIZES, budgetMs: 700 });
  expect(chooseBatch(figures)).toEqual({ batchSize: 8, msPerExample: 30 });
  expect(ran.filter((size) => size === 8)).toHaveLength(1);
  expect(clock.spent()).toBeLessThanOrEqual(700);
});

test('a model that is slower than the time allows is timed once, after one pass to warm up', async () => {
  const { ran, ...clock } = timed({ 1: 5000 });
  expect(await tuneBatch({ ...clock, sizes: SIZES, budgetMs: 700 })).toEqual([{ batchSize: 1, msPerExample: 5000 }]);
  expect(ran).toEqual([1, 1]);
});

test('a larger size that fails ends the search; the first one throws', async () => {
  const clock = timed({}, 16);
  const sizes = (await tuneBatch({ ...clock, sizes: SIZES, budgetMs: 1e6 })).map(({ batchSize }) => batchSize);
  expect(sizes).toEqual([1, 8]);
  await expect(tuneBatch({ ...timed({}, 1), sizes: SIZES, budgetMs: 1e6 })).rejects.toThrow('no room');
});
