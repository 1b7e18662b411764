import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { type BatchSizes, batchSizes, type SizeFigure } from './batchSizes.ts';

type Cost = (size: number, nowMs: number) => number;

interface Machine {
  /** Milliseconds an example, in a batch of a size. */
  readonly cost: Cost;
  readonly seed: number;
  readonly examples?: number;
  /** How many times slower both cores of a busy machine are, for so long. */
  readonly busyMs?: number;
  readonly sizes?: BatchSizes;
}

const SIZES = [1, 2, 4, 8, 16, 32, 64];

/**
 * A teacher on a clock of its own, asked as `distill` asks it: one batch waits while another is computed. Each batch takes 6 %
 * more or less by chance, and one in thirty is held up. Gives what was asked, batch by batch.
 */
function work({ cost, seed, examples = 12_000, busyMs = 0, sizes = batchSizes() }: Machine) {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const take = (size: number, at: number) => {
    const held = random() < 1 / 30 ? 2 + 3 * random() : 1;
    const load = at < busyMs ? 2.2 * Math.exp(0.35 * normal()) : 1;
    return size * cost(size, at) * load * held * Math.exp(0.06 * normal());
  };
  /** How often each example was asked. */
  const asked = new Uint8Array(examples);
  let at = 0;
  const batches: { readonly size: number; readonly isTrial: boolean }[] = [];
  const waiting: { readonly from: number; readonly size: number }[] = [];
  let now = 0;
  // Cold, with the first two, as the check before the first step does.
  sizes.record(2, 4 * take(2, 0));
  while (at < examples || waiting.length > 0) {
    while (waiting.length < 2 && at < examples) {
      const size = Math.min(sizes.next(), examples - at);
      waiting.push({ from: at, size });
      at += size;
    }
    const { from, size } = waiting.shift() as (typeof waiting)[number];
    const best = sizes.best();
    const ms = take(size, now);
    now += ms;
    for (let i = from; i < from + size; i++) asked[i] = (asked[i] ?? 0) + 1;
    batches.push({ size, isTrial: size !== best });
    sizes.record(size, ms);
  }
  const tried = batches.filter(({ isTrial }) => isTrial).reduce((sum, { size }) => sum + size, 0);
  return { asked, batches, sizes, tried };
}

/** How much more the size costs that was found than the best one. */
function excess(sizes: BatchSizes, cost: Cost, now = 1e9): number {
  return cost(sizes.best(), now) / Math.min(...SIZES.map((size) => cost(size, now))) - 1;
}

const CURVES: Readonly<Record<string, Cost>> = {
  'a text reader': (size) => 4.5 + 3 / size + (size >= 64 ? 0.6 : 0),
  'a large overhead for each batch': (size) => 1 + 8 / size,
  'a cliff at 32': (size) => (size > 16 ? 20 : 4 + 4 / size),
  'a model that likes small batches': (size) => 4 + 0.15 * size,
  'a hump before the best': (size) => ({ 1: 8, 2: 7, 4: 6, 8: 5, 16: 5.2, 32: 3.5 })[size] ?? 3.4,
  'no difference': () => 5,
};

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);

describe.each(Object.entries(CURVES))('%s', (_, cost) => {
  test.each([
    ['a quiet machine', 0],
    ['a machine of which both cores are busy for the first 10 s', 10_000],
  ])(
    'on %s it ends within a tenth of the best size, asks about each example once and tries at most a tenth',
    (_name, busyMs) => {
      for (const seed of SEEDS) {
        const { asked, sizes, tried } = work({ cost, seed, busyMs });
        expect(excess(sizes, cost)).toBeLessThan(0.1);
        expect(asked.every((times) => times === 1)).toBe(true);
        // What may be tried at the beginning, and a tenth of all; what was on its way when another size proved best.
        expect(tried).toBeLessThan(256 + 0.1 * asked.length + 512);
      }
    },
  );
});

test('what a busy machine made it choose at first, one at a time, is left again', () => {
  const cost = CURVES['a text reader'] as Cost;
  const cold = { spreadFraction: 0.15 };
  const figures = [
    { batchSize: 1, msPerExample: 7.2, ...cold },
    { batchSize: 8, msPerExample: 7.9, ...cold },
  ];
  for (const seed of SEEDS) {
    const { sizes } = work({ cost, seed, busyMs: 10_000, examples: 8000, sizes: batchSizes({ start: 1, figures }) });
    expect(excess(sizes, cost)).toBeLessThan(0.1);
  }
});

test('once it is sure it tries little', () => {
  for (const seed of SEEDS) {
    const { batches } = work({ cost: (size) => 1 + 8 / size + (size > 16 ? 5 : 0), seed, examples: 20_000 });
    const late = batches.slice(batches.length >> 1);
    const tried = late.filter(({ size }) => size !== 16).reduce((sum, { size }) => sum + size, 0);
    expect(tried / late.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(0.06);
  }
});

test('it follows what changes: another best size, at another speed', () => {
  const cost: Cost = (size, now) => (now < 30_000 ? 1 + 8 / size : 4 + 0.15 * size);
  for (const seed of SEEDS.slice(0, 10)) {
    expect(excess(work({ cost, seed, examples: 40_000 }).sizes, cost)).toBeLessThan(0.1);
  }
});

test('a second start begins where the first one ended, and knows how far it knows it', () => {
  const cost = CURVES['a large overhead for each batch'] as Cost;
  for (const seed of SEEDS.slice(0, 10)) {
    const first = work({ cost, seed }).sizes;
    const figures = first.figures();
    const again = batchSizes({ start: first.best(), figures });
    expect(again.best()).toBe(first.best());
    expect(again.figures()).toEqual(figures);
    const { batches } = work({ cost, seed: seed + 100, examples: 2000, sizes: again });
    expect(batches[0]?.size).toBe(first.best());
    expect(excess(again, cost)).toBeLessThan(0.1);
  }
  const [figure] = batchSizes({
    start: 8,
    figures: [{ batchSize: 8, msPerExample: 4.6, spreadFraction: 0.21 }],
  }).figures();
  expect(figure).toEqual({ batchSize: 8, msPerExample: 4.6, spreadFraction: 0.21 } satisfies SizeFigure);
});

test('what does not fit is never asked, also where it was the best', () => {
  const sizes = batchSizes({ start: 32 });
  sizes.limit(20);
  expect(sizes.best()).toBe(16);
  const { batches } = work({ cost: (size) => 1 + 8 / size, seed: 1, sizes });
  expect(Math.max(...batches.map(({ size }) => size))).toBe(16);
  sizes.limit(1000);
  sizes.limit(0.5);
  expect(sizes.best()).toBe(1);
});

test('a slow teacher is asked about as many as a second allows', () => {
  const slow = batchSizes();
  slow.record(2, 10_000);
  expect([slow.best(), slow.next(), slow.next()]).toEqual([1, 1, 1]);
  const { batches } = work({ cost: () => 100, seed: 1, examples: 2000 });
  expect(Math.max(...batches.map(({ size }) => size))).toBeLessThanOrEqual(8);
});

test('batches of other lengths, such as the last one, say nothing of a size', () => {
  const sizes = batchSizes({ start: 8 });
  sizes.record(8, 80);
  for (let i = 0; i < 20; i++) sizes.record(13, 13);
  expect(sizes.figures()).toEqual([{ batchSize: 8, msPerExample: 10, spreadFraction: 0.15 }]);
});
