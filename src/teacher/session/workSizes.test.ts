import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeQueue } from '../../core/queue.ts';
import type { PlacedSession } from './recover.ts';
import type { Placement } from './sessionSettings.ts';
import { workSizes } from './workSizes.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const examples = (count: number, width = 1) => ({
  x: { data: new Float32Array(count * width), shape: [count, width] },
});

/** A session of which one batch is computed at a time; each takes 10 ms and 1 ms an example. */
function open() {
  let placement: Placement = { device: 'wasm' };
  let session = sessionAt(placement);
  const enqueue = makeQueue();
  const onLearned = vi.fn();
  const sizes = workSizes({ running: { current: () => session }, onLearned });
  const ask = (count: number, width?: number) =>
    sizes.time(examples(count, width), count, () =>
      enqueue(async () => {
        await new Promise((resolve) => setTimeout(resolve, 10 + count));
        return { y: examples(count).x };
      }),
    );
  const move = (changed: Partial<Placement>) => {
    placement = { ...placement, ...changed };
    session = sessionAt(placement);
  };
  return { sizes, ask, move, onLearned };
}

function sessionAt(placement: Placement): PlacedSession {
  return { placement, opened: { threads: placement.threads ?? 2, inputs: {}, outputs: {}, notices: [] } } as never;
}

async function finished<T>(work: Promise<T>): Promise<T> {
  await vi.runAllTimersAsync();
  return work;
}

const costs = ({ figures }: ReturnType<typeof open>['sizes']) =>
  figures.map(({ batchSize, msPerExample }) => [batchSize, msPerExample]);

test('a batch that waits behind another takes what it takes by itself', async () => {
  const { sizes, ask } = open();
  await finished(ask(2));
  await finished(Promise.all([ask(8), ask(8), ask(8), ask(16), ask(8)]));
  expect(costs(sizes)).toEqual([
    [8, 2.25],
    [16, 1.625],
  ]);
});

test('nothing is known before the first answer', () => {
  const { sizes } = open();
  expect([sizes.best, sizes.next, sizes.figures]).toEqual([undefined, undefined, []]);
});

test('another device, or other threads, cost something else: it begins anew, at the same size', async () => {
  const { sizes, ask, move } = open();
  for (const count of [2, 8, 8]) await finished(ask(count));
  sizes.adopt({ batchSize: 32, figures: sizes.figures });
  move({ threads: 1 });
  await finished(ask(8));
  expect([sizes.best, sizes.figures]).toEqual([32, []]);
});

test('the same place with less room keeps what is known, and asks for no more', async () => {
  const { sizes, ask, move } = open();
  for (const count of [2, 8, 8]) await finished(ask(count));
  move({ largestBatch: 4 });
  await finished(ask(8));
  expect(sizes.best).toBe(4);
  expect(sizes.figures.map(({ batchSize }) => batchSize)).toContain(8);
});

test('a restart in the middle of a batch is not what that batch costs', async () => {
  const { sizes, ask, move } = open();
  for (const count of [2, 8]) await finished(ask(count));
  const slow = ask(8);
  await vi.advanceTimersByTimeAsync(5);
  move({});
  await finished(slow);
  await finished(ask(8));
  expect(costs(sizes)).toEqual([[8, 2.25]]);
});

test('a batch takes 64 MB at most', async () => {
  const { sizes, ask } = open();
  const width = (5 * 2 ** 20) / 4;
  await finished(ask(2, width));
  await finished(ask(8, width));
  for (let i = 0; i < 20; i++) expect(sizes.next).toBeLessThanOrEqual(8);
});

test('what was learned is told of as often as the batches double', async () => {
  const { ask, onLearned } = open();
  for (let i = 0; i < 16; i++) await finished(ask(8));
  expect(onLearned).toHaveBeenCalledTimes(5);
});
