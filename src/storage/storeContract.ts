import { bytes, equal, same, throwsCode } from '../core/contractCases.ts';
import type { Store, StoreKind } from './store.ts';

/** One promise that every store keeps. It leaves values behind, so each check is given a name of its own. */
export interface StoreCheck {
  readonly name: string;
  /** The kinds that owe it; a store in memory shares nothing and survives nothing. */
  readonly kinds: readonly StoreKind[];
  /** `open` opens the same name each time. Throws where the promise is broken. */
  readonly run: (open: () => Promise<Store>) => Promise<void>;
}

const EVERY: readonly StoreKind[] = ['opfs', 'indexeddb', 'memory', 'disk'];
const LASTING: readonly StoreKind[] = ['opfs', 'indexeddb', 'disk'];

/** What every store must do, for vitest and for a page in a real browser alike. */
export const storeContract: readonly StoreCheck[] = [
  check('gives back what was put', EVERY, async (open) => {
    const store = await open();
    await store.put('model', bytes(1, 2, 255));
    same(await store.get('model'), bytes(1, 2, 255));
    equal(await store.size('model'), 3, 'size');
  }),

  check('overwrites with longer and with shorter values', EVERY, async (open) => {
    const store = await open();
    for (const value of [bytes(1, 2), bytes(3, 4, 5, 6), bytes(7)]) {
      await store.put('key', value);
      same(await store.get('key'), value);
      equal(await store.size('key'), value.length, 'size');
    }
    equal(await store.keys(), ['key'], 'keys');
  }),

  check('has undefined for a missing key', EVERY, async (open) => {
    const store = await open();
    equal(await store.get('missing'), undefined, 'get');
    equal(await store.size('missing'), undefined, 'size');
    equal(await store.keys(), [], 'keys');
  }),

  check('deletes, and does not mind a missing key', EVERY, async (open) => {
    const store = await open();
    await store.put('gone', bytes(1));
    await store.put('kept', bytes(2));
    await store.delete('gone');
    await store.delete('gone');
    equal(await store.get('gone'), undefined, 'get');
    equal(await store.size('gone'), undefined, 'size');
    equal(await store.keys(), ['kept'], 'keys');
    await store.put('gone', bytes(3));
    same(await store.get('gone'), bytes(3));
  }),

  check('lists keys by prefix, in order', EVERY, async (open) => {
    const store = await open();
    const sorted = ['B', 'a', 'a/1', 'a/10', 'a/2', 'a/2/x', 'ab', 'ä', '\u{1F600}', '\uFFFF'];
    for (const key of [...sorted].reverse()) await store.put(key, bytes(1));
    equal(await store.keys(), sorted, 'all keys');
    equal(await store.keys('a/'), ['a/1', 'a/10', 'a/2', 'a/2/x'], 'keys of a/');
    equal(await store.keys('a'), ['a', 'a/1', 'a/10', 'a/2', 'a/2/x', 'ab'], 'keys of a');
    equal(await store.keys('a/2/x/'), [], 'keys of a/2/x/');
  }),

  check('keeps an empty value apart from none', EVERY, async (open) => {
    const store = await open();
    await store.put('empty', bytes());
    same(await store.get('empty'), bytes());
    equal(await store.size('empty'), 0, 'size');
    equal(await store.keys(), ['empty'], 'keys');
    await store.put('empty', bytes(1));
    await store.put('empty', bytes());
    same(await store.get('empty'), bytes());
  }),

  check('keeps 5 MB', EVERY, async (open) => {
    const store = await open();
    const large = Uint8Array.from({ length: 5_000_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
    await store.put('large', large);
    equal(await store.size('large'), large.length, 'size');
    same(await store.get('large'), large);
  }),

  check('gives back parts of a value, and what there is where a part goes beyond it', EVERY, async (open) => {
    const store = await open();
    await store.put('key', bytes(10, 11, 12, 13, 14));
    same(await store.getRange('key', 0, 5), bytes(10, 11, 12, 13, 14));
    same(await store.getRange('key', 1, 3), bytes(11, 12));
    same(await store.getRange('key', 3, 99), bytes(13, 14));
    same(await store.getRange('key', 2, 2), bytes());
    same(await store.getRange('key', 7, 9), bytes());
    equal(await store.getRange('missing', 0, 1), undefined, 'a part of nothing');
    equal((await store.getRange('key', 1, 3))?.fill(8).buffer.byteLength, 2, 'length of the buffer behind a part');
    same(await store.get('key'), bytes(10, 11, 12, 13, 14));
    for (const [start, end] of [
      [-1, 2],
      [2, 1],
      [0, Number.NaN],
    ] as [number, number][]) {
      await throwsCode('invalid-option', () => store.getRange('key', start, end));
    }
  }),

  check('takes keys in any language, as long as they like, and tells similar ones apart', EVERY, async (open) => {
    const store = await open();
    const composed = '\u00e9';
    const decomposed = 'e\u0301';
    const keys = ['a', 'A', 'a/b', 'a%2fb', 'a.b', 'a.value', 'a b\n\0"*?<>|\\:', '...', composed, decomposed];
    keys.push('模型/学生/1', '\u{1F600}/\u{1F9EA}', 'con', '__proto__', 'x'.repeat(600), `${'x'.repeat(600)}/y`);
    for (const [i, key] of keys.entries()) await store.put(key, bytes(i));
    for (const [i, key] of keys.entries()) same(await store.get(key), bytes(i), key);
    equal(await store.keys(), [...keys].sort(), 'keys');
    for (const key of keys) await store.delete(key);
    equal(await store.keys(), [], 'keys after deletion');
  }),

  check('refuses bad keys and values by code', EVERY, async (open) => {
    const store = await open();
    for (const key of ['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/..', './a', 'a/../b', '\ud800', 'a\udc00']) {
      await throwsCode('invalid-option', () => store.put(key, bytes(1)));
      await throwsCode('invalid-option', () => store.get(key));
      await throwsCode('invalid-option', () => store.delete(key));
      await throwsCode('invalid-option', () => store.size(key));
      await throwsCode('invalid-option', () => store.getRange(key, 0, 1));
    }
    await throwsCode('invalid-option', () => store.put('key', 'text' as unknown as Uint8Array));
    equal(await store.keys(), [], 'keys');
  }),

  check('keeps a copy: changing what was put or got does not change the store', EVERY, async (open) => {
    const store = await open();
    const whole = bytes(9, 1, 2, 9);
    const putting = store.put('key', whole.subarray(1, 3));
    whole.fill(7);
    await putting;
    const first = await store.get('key');
    same(first, bytes(1, 2));
    equal(first?.buffer.byteLength, 2, 'length of the buffer behind a value');
    first?.fill(8);
    same(await store.get('key'), bytes(1, 2));
  }),

  check('shares its values between two handles of one name', LASTING, async (open) => {
    const [one, other] = [await open(), await open()];
    await one.put('key', bytes(1));
    same(await other.get('key'), bytes(1));
    await other.put('key', bytes(2, 3));
    same(await one.get('key'), bytes(2, 3));
    equal(await one.size('key'), 2, 'size');
    await one.delete('key');
    equal(await other.keys(), [], 'keys');
  }),

  check('survives being closed and opened again', LASTING, async (open) => {
    const before = await open();
    await before.put('a/b', bytes(1, 2, 3));
    await before[Symbol.asyncDispose]();
    const after = await open();
    same(await after.get('a/b'), bytes(1, 2, 3));
    equal(await after.keys(), ['a/b'], 'keys');
  }),

  check('finishes what is underway when disposed', LASTING, async (open) => {
    const before = await open();
    const putting = before.put('key', bytes(1));
    await before[Symbol.asyncDispose]();
    await putting;
    same(await (await open()).get('key'), bytes(1));
  }),

  check('may be disposed twice, and refuses to be used afterwards', EVERY, async (open) => {
    const store = await open();
    await store.put('key', bytes(1));
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await throwsCode('disposed', () => store.get('key'));
    await throwsCode('disposed', () => store.put('key', bytes(1)));
    await throwsCode('disposed', () => store.delete('key'));
    await throwsCode('disposed', () => store.keys());
    await throwsCode('disposed', () => store.size('key'));
    await throwsCode('disposed', () => store.getRange('key', 0, 1));
  }),

  check('shows whole values only, to handles that read while others write', EVERY, async (open) => {
    const writer = await open();
    const other = writer.kind === 'memory' ? writer : await open();
    const writes: Promise<void>[] = [];
    const reads: Promise<Uint8Array | undefined>[] = [];
    for (let i = 1; i <= 12; i++) {
      writes.push((i % 2 ? writer : other).put('key', new Uint8Array(10_000 * i).fill(i)));
      reads.push(writer.get('key'), other.get('key'));
    }
    await Promise.all(writes);
    const values = [...(await Promise.all(reads)), await writer.get('key')];
    same(await other.get('key'), values.at(-1));
    for (const value of values) {
      const fill = value?.[0] ?? 0;
      if (value) same(value, new Uint8Array(10_000 * fill).fill(fill), 'a value read while others were put');
    }
    equal(values.at(-1) !== undefined, true, 'whether a value is left');
    equal(await writer.keys(), ['key'], 'keys');
  }),
];

function check(
  name: string,
  kinds: readonly StoreKind[],
  body: (open: () => Promise<Store>) => Promise<void>,
): StoreCheck {
  const run = async (open: () => Promise<Store>) => {
    const opened: Store[] = [];
    try {
      await body(async () => {
        const store = await open();
        opened.push(store);
        return store;
      });
    } finally {
      for (const store of opened) await store[Symbol.asyncDispose]();
    }
  };
  return { name, kinds, run };
}
