import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { ndArray } from '../../core/shape.ts';
import { batch, chunkKeys, fakeTeacher, logitsOf, makeGate, world } from '../cachedCases.ts';
import { cachedTeacher } from '../cachedTeacher.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => vi.useRealTimers());

describe('what is given', () => {
  test('is what is kept, at the first time too', async () => {
    for (const precision of ['float16', 'int8', { topK: 3 }] as const) {
      const { store, teacher } = await world();
      const cached = cachedTeacher(teacher, store, { precision });
      const first = await logitsOf(cached, [1, 2]);
      expect(await logitsOf(cached, [1, 2])).toEqual(first);
      expect(first).not.toEqual(await logitsOf(fakeTeacher(), [1, 2]));
    }
  });

  test('has every output with its type and shape', async () => {
    const { store } = await world();
    const outputs = {
      features: ndArray(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 2, 2]),
      words: ndArray(Int32Array.of(1, -2_000_000_000), [2]),
      mask: ndArray(Uint8Array.of(1, 2, 3, 255), [2, 2]),
    };
    const teacher = fakeTeacher({}, () => outputs);
    const cached = cachedTeacher(teacher, store, { precision: { features: 'float16' } });
    await cached.ask(batch([1, 2]));
    expect(await cached.ask(batch([1, 2]))).toEqual(outputs);
    expect(teacher.asked).toHaveLength(1);
  });

  test('bytes fall with the precision, and are what the store holds', async () => {
    const ids = Array.from({ length: 300 }, (_, id) => id);
    const bytes: number[] = [];
    for (const precision of ['float32', 'float16', 'int8', { topK: 2 }] as const) {
      const { store, teacher } = await world();
      const cached = cachedTeacher(teacher, store, { precision });
      await cached.ask(batch(ids));
      await cached.flush();
      const contents = await cached.contents();
      expect(contents.bytes).toBe(await store.size((await chunkKeys(store))[0] as string));
      expect(contents.bytesPerExample).toBe(contents.bytes / 300);
      bytes.push(Math.floor(contents.bytesPerExample));
    }
    // 16 for the key and 4 for the checksum of each, and the head of the chunk.
    expect(bytes).toEqual([40 + 20, 20 + 20, 14 + 20, 8 + 20]);
  });

  test('a table as long as the batch by chance is no row: such answers are not kept, and that is told', async () => {
    const { store } = await world();
    const teacher = fakeTeacher({ inputs: { x: [null, 3], table: [2] } });
    const cached = cachedTeacher(teacher, store);
    const table = ndArray(Float32Array.of(1, 2), [2]);
    for (const ids of [
      [1, 2],
      [2, 1],
    ])
      await cached.ask({ ...batch(ids), table });
    expect(teacher.asked).toHaveLength(2);
    expect((await cached.contents()).examples).toBe(0);
    expect(cached.description.notices.join()).toMatch(/not kept where an input has not one row an example/);
  });

  test('values beyond float16 are cut, with a notice', async () => {
    const { store } = await world();
    const teacher = fakeTeacher({}, () => ({ logits: ndArray(Float32Array.of(1e6, 1), [1, 2]) }));
    const cached = cachedTeacher(teacher, store, { precision: 'float16' });
    expect([...((await cached.ask(batch([1]))).logits?.data ?? [])]).toEqual([65504, 1]);
    expect(cached.description.notices.join()).toContain('65,504');
  });

  test('an answer that is no number passes as it is, is told, and is asked again', async () => {
    const { store } = await world();
    const teacher = fakeTeacher({}, (ids) => ({
      logits: ndArray(
        Float32Array.from(ids, (id) => (id === 2 ? Number.NaN : id)),
        [ids.length, 1],
      ),
    }));
    const cached = cachedTeacher(teacher, store, { precision: 'int8' });
    for (let time = 0; time < 2; time++) {
      const { data = [] } = (await cached.ask(batch([1, 2, 3]))).logits ?? {};
      expect([data[0], data[1], data[2]]).toEqual([1, Number.NaN, 3]);
    }
    expect(teacher.asked).toEqual([[1, 2, 3], [2]]);
    expect(cached.description.notices.join()).toContain('no finite number');
  });

  test('answers whose shape changes with the batch are asked for together', async () => {
    const { store } = await world();
    const teacher = fakeTeacher({}, (ids) => ({
      logits: ndArray(new Float32Array(ids.length * ids.length), [ids.length, ids.length]),
    }));
    const cached = cachedTeacher(teacher, store);
    await cached.ask(batch([1]));
    expect((await cached.ask(batch([1, 2, 3]))).logits?.shape).toEqual([3, 3]);
  });
});

describe('a fault of the teacher', () => {
  test('an error of the teacher is the caller’s, and a later ask asks again', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    const fault = new LimbeckError('teacher-failed', 'No.');
    teacher.fault = fault;
    const asks = await Promise.allSettled([cached.ask(batch([1, 2])), cached.ask(batch([2, 3]))]);
    expect(asks.map((one) => one.status === 'rejected' && one.reason)).toEqual([fault, fault]);
    teacher.fault = undefined;
    await cached.ask(batch([1, 2, 3]));
    expect(cached.usage?.()).toEqual({ calls: 1, computed: 3, found: 0 });
  });

  test('one who waits for what another asked may stop waiting', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    const [first, second] = [new AbortController(), new AbortController()];
    teacher.gate = makeGate();
    const asking = cached.ask(batch([1]));
    const waiting = [first, second].map(({ signal }) => cached.ask(batch([1]), signal));
    waiting[0]?.catch(() => undefined);
    await vi.waitFor(() => expect(teacher.asked).toHaveLength(1));
    first.abort();
    await expect(waiting[0]).rejects.toMatchObject({ name: 'AbortError' });
    teacher.gate.open();
    expect(await waiting[1]).toEqual(await asking);
    expect(teacher.asked).toEqual([[1]]);
  });

  test('one who cancels takes nothing from one who waits for the same', async () => {
    const { store, teacher } = await world();
    const cached = cachedTeacher(teacher, store);
    const controller = new AbortController();
    teacher.gate = makeGate();
    const cancelled = cached.ask(batch([1]), controller.signal);
    const waiting = cached.ask(batch([1]));
    cancelled.catch(() => undefined);
    await vi.waitFor(() => expect(teacher.asked).toHaveLength(1));
    controller.abort();
    const { gate } = teacher;
    teacher.gate = undefined;
    gate.open();
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
    expect((await waiting).logits?.shape).toEqual([1, 10]);
    await expect(cached.ask(batch([1]), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
