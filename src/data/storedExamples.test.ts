import { describe, expect, test } from 'vitest';
import { openStore } from '../storage/openStore.ts';
import type { Store } from '../storage/store.ts';
import { fromArrays } from './arrays.ts';
import type { Examples } from './dataset.ts';
import { openExamples, removeExamples, storeExamples } from './storedExamples.ts';
import { pick } from './views.ts';

const SIZE = 1000;
const inputs = {
  image: { data: Uint8Array.from({ length: SIZE * 6 }, (_, i) => i % 251), shape: [SIZE, 2, 3] },
  number: { data: Float32Array.from({ length: SIZE }, (_, i) => i / 7), shape: [SIZE, 1] },
  ids: { data: Int32Array.from({ length: SIZE * 2 }, (_, i) => -i), shape: [SIZE, 2] },
};
const labels = Int32Array.from({ length: SIZE }, (_, i) => (i % 5) - 1);
const data = fromArrays(inputs, labels);
const places = Int32Array.of(999, 0, 500, 501, 500, 7, 998);

/** A store of small pages, as IndexedDB's are, or of large ones; it counts what it reads. */
async function opened(kind: Store['kind'] = 'indexeddb') {
  const own = await openStore('examples', { kind: 'memory' });
  const reads: number[] = [];
  const store: Store = {
    ...own,
    kind,
    async getRange(key, start, end) {
      reads.push(end - start);
      return own.getRange(key, start, end);
    },
  };
  return { store, reads };
}

describe('stored examples', () => {
  test('are those that were written, in any order, in this page and the next', async () => {
    const { store } = await opened();
    const told: number[] = [];
    const made = await storeExamples(store, 'some', data, { onProgress: (written) => told.push(written) });
    const again = await openExamples(store, 'some');
    for (const dataset of [made, again]) {
      expect([dataset?.size, dataset?.hasLabels, dataset?.inputs]).toEqual([SIZE, true, data.inputs]);
      expect(await dataset?.read(places)).toEqual(await data.read(places));
    }
    expect(told.at(-1)).toBe(SIZE);
    // A page of IndexedDB's, which is read whole, holds some.
    expect((await store.keys('examples/some/page-')).length).toBeGreaterThan(0);
  });

  test('read what lies near to each other at once, and nothing else', async () => {
    const { store, reads } = await opened();
    const plain = await storeExamples(
      store,
      'plain',
      pick(
        fromArrays({ data: new Float32Array(8 * SIZE), shape: [SIZE, 8] }),
        Int32Array.from({ length: SIZE }, (_, i) => i),
      ),
    );
    await plain.read(Int32Array.of(3, 900, 4, 5));
    // From the first row to the last: a read costs more than what lies between them.
    expect(reads.splice(0)).toEqual([(900 - 3 + 1) * 32]);
    const rows = 200_000;
    const large = await opened('memory');
    const wide = fromArrays({ data: new Float32Array(3 * rows), shape: [3, rows] });
    const far = await storeExamples(large.store, 'wide', wide);
    await far.read(Int32Array.of(2, 0));
    expect(large.reads).toEqual([4 * rows, 4 * rows]);
  });

  test('may come bit by bit', async () => {
    const { store } = await opened();
    async function* parts(): AsyncGenerator<Examples> {
      for (let i = 0; i < 3; i++) yield { inputs: { x: { data: Float32Array.of(i, i + 0.5), shape: [2, 1] } } };
    }
    const stored = await storeExamples(store, 'parts', parts());
    expect([stored.size, stored.hasLabels]).toEqual([6, false]);
    const { inputs: read } = await stored.read(Int32Array.of(5, 0));
    expect([...(read['x']?.data ?? [])]).toEqual([2.5, 0]);
  });

  test('fill no memory: ten thousand are written and read in pages', async () => {
    const { store, reads } = await opened();
    let largest = 0;
    const watched: Store = {
      ...store,
      put: async (key, bytes) => {
        largest = Math.max(largest, bytes.length);
        await store.put(key, bytes);
      },
    };
    async function* many(): AsyncGenerator<Examples> {
      for (let i = 0; i < 100; i++) {
        yield { inputs: { x: { data: new Float32Array(100 * 64).fill(i), shape: [100, 64] } } };
      }
    }
    const stored = await storeExamples(watched, 'many', many());
    expect(stored.size).toBe(10_000);
    expect(largest).toBeLessThanOrEqual(64 * 1024);
    const { inputs: read } = await stored.read(Int32Array.of(9999, 5000));
    expect([read['x']?.data[0], read['x']?.data[64]]).toEqual([99, 50]);
    expect(reads).toEqual([256, 256]);
  });

  test('that were cut short are none; what is damaged is said', async () => {
    const { store } = await opened();
    const failing: Store = {
      ...store,
      put: async (key, bytes) => {
        if (key.endsWith('head')) throw new Error('The tab was closed.');
        await store.put(key, bytes);
      },
    };
    await expect(storeExamples(failing, 'cut', data)).rejects.toThrow('The tab was closed.');
    expect(await openExamples(store, 'cut')).toBeUndefined();
    const whole = await storeExamples(store, 'cut', data);
    const [page = ''] = await store.keys('examples/cut/page-');
    await store.delete(page);
    await expect(whole.read(places)).rejects.toMatchObject({ code: 'store-tampered' });
    for (const bad of [
      '',
      '{',
      '[]',
      '{"format":2}',
      '{"format":1,"size":1,"perPage":1,"hasLabels":true,"inputs":{"x":{"shape":[1e99],"dtype":"float64"}}}',
    ]) {
      await store.put('examples/cut/head', new TextEncoder().encode(bad));
      expect(await openExamples(store, 'cut')).toBeUndefined();
    }
  });

  test('replace those of the same name, and are removed', async () => {
    const { store } = await opened();
    await storeExamples(store, 'a', data);
    await storeExamples(store, 'a', fromArrays({ data: new Float32Array(2), shape: [2, 1] }));
    expect((await openExamples(store, 'a'))?.size).toBe(2);
    await storeExamples(store, 'ab', data);
    await removeExamples(store, 'a');
    expect(await openExamples(store, 'a')).toBeUndefined();
    expect((await openExamples(store, 'ab'))?.size).toBe(SIZE);
    expect(await store.keys('examples/a/')).toEqual([]);
  });

  test('refuse none, parts that differ, and a cancelled writing', async () => {
    const { store } = await opened();
    async function* of(...parts: Examples[]): AsyncGenerator<Examples> {
      yield* parts;
    }
    const x = (shape: number[]) => ({ inputs: { x: { data: new Float32Array(shape[0] as number), shape } } });
    await expect(storeExamples(store, 'a', of())).rejects.toMatchObject({ code: 'empty-dataset' });
    for (const odd of [
      x([2, 1, 1]),
      { inputs: { y: x([2, 1]).inputs.x } },
      { ...x([2, 1]), labels: Int32Array.of(1, 2) },
      { inputs: { x: { data: new Int32Array(2), shape: [2, 1] } } },
    ]) {
      await expect(storeExamples(store, 'a', of(x([2, 1]), odd as Examples))).rejects.toMatchObject({
        code: 'shape-mismatch',
      });
    }
    const signal = AbortSignal.abort();
    await expect(storeExamples(store, 'a', data, { signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
