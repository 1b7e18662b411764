import { expect, test } from 'vitest';
import { cameOf, judge, LEAST_ROUNDS, totals } from './soakVerdict.mjs';

/** What a browser takes in each round, from the first to the last. */
function rounds(count: number, more: (round: number) => { memoryBytes?: number; threads?: number; workers?: number }) {
  return Array.from({ length: count }, (_, round) => {
    const { memoryBytes = 0, threads = 0, workers = 0 } = more(round);
    return { ms: 1500, memoryBytes: 1e9 + memoryBytes, threads: 120 + threads, workers: 2 + workers, processes: 9 };
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

test('garbage that an engine lets lie from some round on is no growth; the same amount, a little in each round, is', () => {
  const step = rounds(30, (round) => ({ memoryBytes: round < 12 ? 0 : 1.5e8 }));
  expect(judge(step, 0.12).verdict).toBe('flat');
  expect(
    judge(
      rounds(30, (round) => ({ memoryBytes: 1e7 * round })),
      0.12,
    ).verdict,
  ).toBe('memoryBytes grew');
});

test.each([
  ['memoryBytes grew', 40, (round: number) => ({ memoryBytes: 4e6 * round })],
  ['threads grew', 30, (round: number) => ({ threads: round })],
  ['workers grew', LEAST_ROUNDS + 40, (round: number) => ({ workers: Math.floor(round / 20) })],
  ['threads and workers grew', 60, (round: number) => ({ threads: round, workers: round })],
])('%s, told after %d rounds', (verdict, count, more) => {
  expect(judge(rounds(count, more), 0.05).verdict).toBe(verdict);
});

test('a process that comes late counts once workers run in it, and as a process', () => {
  const own = { memoryBytes: 1e9, threads: 60, workers: 2 };
  const late = (workers: number) => ({ memoryBytes: 3e7, threads: 5, workers });
  const seen = (workers: number) =>
    Array.from({ length: 40 }, (_, round) => ({
      ms: 1500,
      processes: new Map([['1', own], ...(round < 20 ? [] : [['2', late(workers)] as const])]),
    }));
  expect(judge(totals(seen(0)), 0.05)).toMatchObject({ verdict: 'flat', atEnd: { threads: 60, processes: 2 } });
  expect(judge(totals(seen(3)), 0.05)).toMatchObject({ verdict: 'threads and workers grew', atEnd: { threads: 65 } });
  const more = seen(0).map((round, i) => ({ ...round, processes: new Map([...round.processes, ...many(i)]) }));
  expect(judge(totals(more), 0.05).verdict).toBe('processes grew');

  function many(round: number) {
    return Array.from({ length: Math.max(0, Math.floor((round - 12) / 4)) }, (_, i) => [`${10 + i}`, late(0)] as const);
  }
});

test('tells by name which threads came and stayed, of the processes that count', () => {
  const names = (round: number) => [
    'main',
    'pool',
    ...(round > 20 ? ['pool', 'audio'] : []),
    ...(round % 2 ? ['now'] : []),
  ];
  const seen = Array.from({ length: 40 }, (_, round) => ({
    processes: new Map([
      ['1', { workers: 1, names: names(round) }],
      ...(round < 20 ? [] : [['2', { workers: 0, names: ['late'] }] as const]),
    ]),
  }));
  expect(cameOf(seen)).toEqual({ pool: 1, audio: 1 });
});
