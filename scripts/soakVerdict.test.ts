import { expect, test } from 'vitest';
import { judge, LEAST_ROUNDS } from './soakVerdict.mjs';

/** What a browser takes in each round, from the first to the last. */
function rounds(count: number, more: (round: number) => { memoryBytes?: number; threads?: number; workers?: number }) {
  return Array.from({ length: count }, (_, round) => {
    const { memoryBytes = 0, threads = 0, workers = 0 } = more(round);
    return { ms: 1500, memoryBytes: 1e9 + memoryBytes, threads: 120 + threads, workers: 2 + workers };
  });
}

test('a browser that fills its caches first, and one whose figures jump, is flat', () => {
  expect(
    judge(
      rounds(40, (round) => ({ memoryBytes: 1e8 * Math.min(round, 5) })),
      0.05,
    ).verdict,
  ).toBe('flat');
  const jumping = rounds(40, (round) => ({ memoryBytes: 3e7 * (round % 2), threads: round % 5, workers: round % 2 }));
  expect(judge(jumping, 0.05).verdict).toBe('flat');
});

test.each([
  ['memoryBytes grew', 40, (round: number) => ({ memoryBytes: 4e6 * round })],
  ['threads grew', 30, (round: number) => ({ threads: round })],
  ['workers grew', LEAST_ROUNDS + 40, (round: number) => ({ workers: Math.floor(round / 20) })],
  ['threads and workers grew', 60, (round: number) => ({ threads: round, workers: round })],
])('%s, told after %d rounds', (verdict, count, more) => {
  expect(judge(rounds(count, more), 0.05).verdict).toBe(verdict);
});
