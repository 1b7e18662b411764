import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ndArray } from '../core/shape.ts';
import { batch, chunkKeys, fakeTeacher, logitsOf, makeGate, world } from './cachedCases.ts';
import { type CachedTeacherOptions, cachedTeacher } from './cachedTeacher.ts';
import type { TeacherDescription } from './teacher.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => vi.useRealTimers());

describe('each example is asked about once', () => {
  test('in a later epoch, in another order, alone or among others', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    expect(await logitsOf(cached, [1, 2, 3])).toEqual(await logitsOf(fakeTeacher(), [1, 2, 3]));
    expect(await logitsOf(cached, [3, 1])).toEqual(await logitsOf(fakeTeacher(), [3, 1]));
    expect(await logitsOf(cached, [2])).toEqual(await logitsOf(fakeTeacher(), [2]));
    expect(teacher.asked).toEqual([[1, 2, 3]]);
    expect(cached.usage?.()).toEqual({ calls: 1, computed: 3, found: 3 });
  });

  test('of a batch only those that are new are asked, each once', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    await cached.ask(batch([1, 2]));
    expect(await logitsOf(cached, [5, 2, 4, 5, 1])).toEqual(await logitsOf(fakeTeacher(), [5, 2, 4, 5, 1]));
    expect(teacher.asked).toEqual([
      [1, 2],
      [5, 4],
    ]);
    expect(cached.usage?.()).toEqual({ calls: 2, computed: 4, found: 3 });
  });

  test('at the same time: the second waits for the first and asks about the rest', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    const both = await Promise.all([logitsOf(cached, [1, 2]), logitsOf(cached, [2, 3]), logitsOf(cached, [1, 3])]);
    expect(both).toEqual(
      await Promise.all(
        [
          [1, 2],
          [2, 3],
          [1, 3],
        ].map((ids) => logitsOf(fakeTeacher(), ids)),
      ),
    );
    expect(teacher.asked).toEqual([[1, 2], [3]]);
  });

  test('in a later run over the same store, and what it was asked there too', async () => {
    const { store, teacher } = await world();
    const first = cachedTeacher(teacher, store);
    await first.ask(batch([1, 2]));
    await first[Symbol.asyncDispose]();
    const second = cachedTeacher(teacher, store);
    await second.ask(batch([2, 3]));
    await second[Symbol.asyncDispose]();
    const third = cachedTeacher(teacher, store);
    expect(await logitsOf(third, [3, 2, 1])).toEqual(await logitsOf(fakeTeacher(), [3, 2, 1]));
    expect(teacher.asked).toEqual([[1, 2], [3]]);
    expect(await third.contents()).toMatchObject({ examples: 3, chunks: 2 });
  });

  test('after a crash, save for what was answered in the last two seconds', async () => {
    const { store, teacher } = await world();
    const first = cachedTeacher(teacher, store);
    await first.ask(batch([1, 2]));
    await vi.advanceTimersByTimeAsync(2000);
    await first.ask(batch([3]));
    await vi.advanceTimersByTimeAsync(1900);
    const second = cachedTeacher(teacher, store);
    await second.ask(batch([1, 2, 3]));
    expect(teacher.asked).toEqual([[1, 2], [3], [3]]);
  });

  test('a chunk that grows is written again, not beside the old one', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    for (let id = 0; id < 5; id++) {
      await cached.ask(batch([id]));
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(await chunkKeys(store)).toHaveLength(1);
    expect(await cachedTeacher(teacher, store).contents()).toMatchObject({ examples: 5, chunks: 1 });
  });

  test('many short visits leave few chunks', async () => {
    const { store, teacher } = await world();
    const ids = Array.from({ length: 12 }, (_, id) => id);
    for (const id of ids) {
      const cached = cachedTeacher(teacher, store);
      await cached.ask(batch([id]));
      await cached[Symbol.asyncDispose]();
    }
    expect((await chunkKeys(store)).length).toBeLessThan(10);
    const last = cachedTeacher(teacher, store);
    expect(await logitsOf(last, ids)).toEqual(await logitsOf(fakeTeacher(), ids));
    expect(teacher.asked).toHaveLength(12);
  });

  test('two tabs that write at once lose nothing', async () => {
    const { store, teacher } = await world();
    const [one, other] = [cachedTeacher(teacher, store), cachedTeacher(teacher, store)];
    await Promise.all([one.ask(batch([1, 2])), other.ask(batch([3, 4]))]);
    await Promise.all([one.flush(), other.flush()]);
    await cachedTeacher(teacher, store).ask(batch([1, 2, 3, 4]));
    // Which of the two is first to ask is chance.
    expect(teacher.asked.map(String).sort()).toEqual(['1,2', '3,4']);
  });
});

describe('answers are kept apart', () => {
  test.each<[string, CachedTeacherOptions, Partial<TeacherDescription>]>([
    ['another teacher', {}, { identity: 'b' }],
    ['another version', { version: '2' }, {}],
    ['another precision', { precision: 'float16' }, {}],
    ['another number of classes kept', { precision: { topK: 3 } }, {}],
    ['other precisions by output', { precision: { logits: 'int8' } }, {}],
    ['another augmentation', { augmentationSeed: 7 }, {}],
  ])('for %s', async (_, options, description) => {
    const { store, teacher } = await world();
    const first = cachedTeacher(teacher, store, { augmentationSeed: 1 });
    await first.ask(batch([1]));
    await first.flush();
    const other = fakeTeacher({ ...teacher.description, ...description });
    const again = cachedTeacher(other, store, { augmentationSeed: 1, ...options });
    await again.ask(batch([1]));
    await again.flush();
    expect(other.asked).toEqual([[1]]);
    const third = cachedTeacher(other, store, { augmentationSeed: 1, ...options });
    await third.ask(batch([1]));
    expect(other.asked).toEqual([[1]]);
    expect(third.description.identity === first.description.identity).toBe('augmentationSeed' in options);
  });

  test('for inputs that differ in name, type or shape only', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    const zeros = (shape: number[]) => ndArray(new Float32Array(4), shape);
    await cached.ask({ x: zeros([1, 4]) });
    await cached.ask({ y: zeros([1, 4]) });
    await cached.ask({ x: zeros([1, 2, 2]) });
    await cached.ask({ x: ndArray(new Int32Array(4), [1, 4]) });
    await cached.ask({ x: zeros([1, 4]), y: zeros([1, 4]) });
    await cached.ask({ y: zeros([1, 4]), x: zeros([1, 4]) });
    expect(cached.usage?.()).toEqual({ calls: 5, computed: 5, found: 1 });
  });

  test('a device that changes while it works is no other teacher', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    await cached.ask(batch([1]));
    Object.assign(teacher.description, { device: 'wasm', notices: ['The device was lost.'] });
    await cached.ask(batch([1]));
    expect(teacher.asked).toEqual([[1]]);
    expect(cached.description).toMatchObject({ device: 'wasm', notices: ['The device was lost.'] });
  });
});

describe('cachedTeacher', () => {
  test('describes the teacher and what is kept of it', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store, { precision: { topK: 8 }, name: 'mine' });
    expect(cached.description).toMatchObject({ name: 'mine', bytes: 5, batchSize: 4, identity: 'a top8' });
    expect(cached.description.why).toBe('It was asked for. Its answers are kept as top8 in the store "test" (memory).');
    expect(await cached.timeMs(batch([1]), 2)).toEqual([1, 1]);
    expect(await cached.contents()).toEqual({ examples: 0, bytes: 0, bytesPerExample: 0, chunks: 0 });
  });

  test('clear forgets here and in the store', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    await cached.ask(batch([1]));
    await cached.flush();
    await cached.ask(batch([2]));
    await cached.clear();
    expect(await store.keys()).toEqual([]);
    await cached.ask(batch([1, 2]));
    expect(teacher.asked).toEqual([[1], [2], [1, 2]]);
    await cached.flush();
    expect(await cachedTeacher(teacher, store).contents()).toMatchObject({ examples: 2 });
  });

  test('disposal writes what is left, waits for what is underway, and leaves teacher and store alone', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    teacher.gate = makeGate();
    const asking = cached.ask(batch([1]));
    const disposing = cached[Symbol.asyncDispose]();
    teacher.gate.open();
    await asking;
    await disposing;
    await cached[Symbol.asyncDispose]();
    expect(teacher.isDisposed).toBe(false);
    await expect(cached.ask(batch([1]))).rejects.toMatchObject({ code: 'disposed' });
    await cachedTeacher(teacher, store).ask(batch([1]));
    expect(teacher.asked).toEqual([[1]]);
  });

  test('a teacher without identity needs a version', async () => {
    const { store } = await world();
    const teacher = fakeTeacher({ identity: undefined });
    expect(() => cachedTeacher(teacher, store)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('"version"') }),
    );
    const cached = cachedTeacher(teacher, store, { version: '1' });
    await cached.ask(batch([1]));
    await cached.ask(batch([1]));
    expect(teacher.asked).toEqual([[1]]);
  });

  test.each<[string, object]>([
    ['an unknown option', { precisions: 'float16' }],
    ['an unknown precision', { precision: 'float8' }],
    ['no classes', { precision: { topK: 0 } }],
    ['a wrong precision of an output', { precision: { logits: { topK: 1.5 } } }],
    ['a top-k with more', { precision: { topK: 2, tail: true } }],
    ['no precision', { precision: null }],
    ['no budget', { budgetBytes: 0 }],
    ['a negative memory', { memoryBytes: -1 }],
    ['a seed that is no number', { augmentationSeed: Number.NaN }],
  ])('refuses %s', async (_, options) => {
    const { store, teacher } = await world();
    expect(() => cachedTeacher(teacher, store, options)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  test('refuses a precision for an output that is not there, and outputs that are not one row an example', async () => {
    const { store, teacher } = await world();
    const misnamed = cachedTeacher(teacher, store, { precision: { logit: 'float16' } });
    await expect(misnamed.ask(batch([1]))).rejects.toMatchObject({ code: 'unknown-output' });
    const summed = fakeTeacher({}, () => ({ logits: ndArray(new Float32Array(10), [10]) }));
    await expect(cachedTeacher(summed, store, { version: 's' }).ask(batch([1, 2]))).rejects.toMatchObject({
      code: 'shape-mismatch',
    });
  });
});
