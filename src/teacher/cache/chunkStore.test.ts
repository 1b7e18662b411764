import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Medium, storeOver } from '../../storage/medium.ts';
import { openMemory } from '../../storage/memory.ts';
import { batch, bytesIn, chunkKeys, fakeTeacher, logitsOf, world } from '../cachedCases.ts';
import { cachedTeacher } from '../cachedTeacher.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => vi.useRealTimers());

describe('a cache never stops its teacher', () => {
  test('a damaged chunk is told and asked for again', async () => {
    for (const [name, damage] of Object.entries(damages)) {
      const { store, teacher } = await world();
      const first = cachedTeacher(teacher, store);
      await first.ask(batch([1, 2]));
      await first[Symbol.asyncDispose]();
      const [key = ''] = await chunkKeys(store);
      await store.put(key, damage((await store.get(key)) as Uint8Array));
      const second = cachedTeacher(teacher, store);
      const heard: string[] = [];
      second.watch?.((notice) => heard.push(notice));
      expect(await logitsOf(second, [1, 2]), name).toEqual(await logitsOf(fakeTeacher(), [1, 2]));
      expect(teacher.asked, name).toEqual([
        [1, 2],
        [1, 2],
      ]);
      expect(heard, name).toEqual([expect.stringContaining('damaged')]);
      expect(second.description.notices, name).toEqual(heard);
      await second[Symbol.asyncDispose]();
      expect(await cachedTeacher(teacher, store).contents(), name).toMatchObject({ examples: 2, chunks: 1 });
    }
  });

  test('a chunk that another tab deleted is asked for again', async () => {
    const { store, teacher } = await world();
    const first = cachedTeacher(teacher, store);
    await first.ask(batch([1]));
    await first[Symbol.asyncDispose]();
    const second = cachedTeacher(teacher, store);
    expect(await second.contents()).toMatchObject({ examples: 1 });
    for (const key of await store.keys()) await store.delete(key);
    await second.ask(batch([1]));
    expect(teacher.asked).toEqual([[1], [1]]);
  });

  test('a full store first gives up the answers that were used longest ago, then keeps no more, and says so', async () => {
    const room = { bytes: 600 };
    const { store, teacher } = await world(room);
    const early = cachedTeacher(teacher, store, { version: 'early' });
    await early.ask(batch([1, 2, 3, 4]));
    await early[Symbol.asyncDispose]();
    const cached = cachedTeacher(teacher, store);
    const heard: string[] = [];
    cached.watch?.((notice) => heard.push(notice));
    await cached.ask(batch([1, 2, 3, 4]));
    await cached.flush();
    expect(heard).toEqual([]);
    expect(await cachedTeacher(teacher, store, { version: 'early' }).contents()).toMatchObject({ examples: 0 });
    await cached.ask(batch([5, 6, 7, 8, 9]));
    await vi.advanceTimersByTimeAsync(2000);
    expect(heard).toEqual([expect.stringContaining('are not kept')]);
    await expect(cached.flush()).rejects.toMatchObject({ code: 'store-full' });
    expect(await logitsOf(cached, [10, 1])).toEqual(await logitsOf(fakeTeacher(), [10, 1]));
    room.bytes = 6000;
    await cached.flush();
    expect(await cachedTeacher(teacher, store).contents()).toMatchObject({ examples: 9 });
  });

  test('a store that fails at everything leaves a teacher without memory', async () => {
    const failing = async () => Promise.reject(new DOMException('the disk is gone', 'UnknownError'));
    const medium: Medium = {
      ...(await openMemory('x')),
      keys: failing,
      put: failing,
      getRange: failing,
      delete: failing,
    };
    const teacher = fakeTeacher();
    const cached = cachedTeacher(teacher, storeOver(medium, 'x', 'A test made it.'));
    await cached.ask(batch([1]));
    await vi.advanceTimersByTimeAsync(2000);
    expect(await logitsOf(cached, [2])).toEqual(await logitsOf(fakeTeacher(), [2]));
    expect(cached.description.notices).toEqual([
      expect.stringContaining('could not be read'),
      expect.stringContaining('are not kept: The store "x" could not put'),
    ]);
    await cached[Symbol.asyncDispose]();
  });
});

describe('the budget', () => {
  const ids = Array.from({ length: 64 }, (_, id) => id);

  test('is kept, by what was used longest ago', async () => {
    const { store, teacher } = await world();
    for (let run = 0; run < 4; run++) {
      const cached = cachedTeacher(teacher, store, { budgetBytes: 8000 });
      // The first run's answers are used in every run.
      await cached.ask(batch(ids));
      await cached.ask(batch(ids.map((id) => id + 64 * run)));
      await cached[Symbol.asyncDispose]();
      vi.setSystemTime(Date.now() + 10_000);
      expect(await bytesIn(store)).toBeLessThanOrEqual(8000);
    }
    const asked = teacher.asked.length;
    await cachedTeacher(teacher, store, { budgetBytes: 8000 }).ask(batch(ids));
    expect(teacher.asked.slice(asked)).toEqual([]);
    await cachedTeacher(teacher, store, { budgetBytes: 8000 }).ask(batch(ids.map((id) => id + 64)));
    expect(teacher.asked.slice(asked).flat().length).toBeGreaterThan(32);
  });

  test('gives up the oldest first, and one that was read lately is not old', async () => {
    const { store, teacher } = await world();
    const visit = async (version: string) => {
      const cached = cachedTeacher(teacher, store, { version, budgetBytes: 4000 });
      await cached.ask(batch(ids.slice(0, 16)));
      await cached[Symbol.asyncDispose]();
      vi.setSystemTime(Date.now() + 10_000);
    };
    for (const version of ['first', 'second', 'third', 'first', 'fourth']) await visit(version);
    const examples = async (version: string) => (await cachedTeacher(teacher, store, { version }).contents()).examples;
    expect(await examples('first')).toBe(16);
    expect(await examples('second')).toBeLessThan(16);
    expect(await examples('third')).toBe(16);
    expect(await examples('fourth')).toBe(16);
  });

  test('never gives up what this run used: a second epoch finds what fitted in the first', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store, { budgetBytes: 2500 });
    for (let epoch = 0; epoch < 3; epoch++) {
      for (let from = 0; from < 64; from += 8) await cached.ask(batch(ids.slice(from, from + 8)));
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(await bytesIn(store)).toBeLessThanOrEqual(2500);
    expect(await bytesIn(store)).toBeGreaterThan(1500);
    expect(cached.usage?.().found).toBeGreaterThan(40);
    expect(cached.description.notices).toEqual([expect.stringContaining('budget of 2.5 kB')]);
  });
});

test.each([
  ['with all in memory', 64 << 20],
  ['with room for little', 500],
  ['with room for nothing', 0],
])('rows come in any order %s', async (_, memoryBytes) => {
  const { store, teacher } = await world();
  const ids = Array.from({ length: 200 }, (_, id) => id);
  const first = cachedTeacher(teacher, store, { budgetBytes: 40_000 });
  await first.ask(batch(ids));
  await first[Symbol.asyncDispose]();
  const cached = cachedTeacher(teacher, store, { memoryBytes });
  expect((await cached.contents()).chunks).toBeGreaterThan(2);
  for (const wanted of [ids, [199, 3, 3, 77], [5], [...ids].reverse()]) {
    expect(await logitsOf(cached, wanted)).toEqual(await logitsOf(fakeTeacher(), wanted));
  }
  expect(teacher.asked).toHaveLength(1);
});

test('a row alone is read alone where not all answers fit in memory, its neighbours with it where many are wanted', async () => {
  const { store, teacher } = await world();
  const ids = Array.from({ length: 200 }, (_, id) => id);
  const first = cachedTeacher(teacher, store);
  await first.ask(batch(ids));
  await first[Symbol.asyncDispose]();
  const cached = cachedTeacher(teacher, store, { memoryBytes: 100 });
  await cached.contents();
  const read = vi.spyOn(store, 'getRange');
  const lengths = () => read.mock.calls.splice(0).map(([, start, end]) => end - start);
  await cached.ask(batch([7, 150]));
  expect(lengths()).toEqual([40, 40]);
  await cached.ask(batch([0, 1, 2, 3, 4, 5, 6, 7]));
  expect(lengths()).toEqual([200 * 40]);
  const roomy = cachedTeacher(teacher, store);
  await roomy.contents();
  lengths();
  await roomy.ask(batch([7, 150]));
  await roomy.ask(batch([8]));
  expect(lengths()).toEqual([200 * 40]);
});

const damages: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  torn: (bytes) => bytes.subarray(0, bytes.length - 10),
  'torn in its head': (bytes) => bytes.subarray(0, 40),
  empty: () => new Uint8Array(),
  'something else': () => new Uint8Array(300).fill(7),
  'a key changed': (bytes) => flipped(bytes, bytes.length - 2 * 40 - 30),
  'a row changed': (bytes) => flipped(bytes, bytes.length - 1),
};

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  changed[at] = (changed[at] as number) ^ 1;
  return changed;
}
