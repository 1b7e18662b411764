import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bytesOf, errorOf } from './encryptedCases.ts';
import { openStore } from './openStore.ts';
import { type DiskCall, type FakeOpfs, makeOpfs, openTab } from './opfsCases.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

let opfs: FakeOpfs;
let name: string;
let count = 0;

beforeEach(() => {
  opfs = makeOpfs();
  name = `auto ${count++}`;
});

/** The browser as it is from now on: with OPFS, where it may fail, or without. */
function withOpfs(onCall?: (call: DiskCall, path: string) => undefined): void {
  for (const [global, value] of Object.entries(openTab(opfs, { onCall }).globals)) vi.stubGlobal(global, value);
}
const withoutOpfs = () => vi.unstubAllGlobals();

const refusing = () => {
  throw new DOMException('not now', 'UnknownError');
};

/** IndexedDB as it is, save that databases whose names it fits are not opened. */
function refuseIndexedDb(which: RegExp, error: DOMException): void {
  const open = IDBFactory.prototype.open;
  vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function (this: IDBFactory, ...given) {
    if (which.test(given[0])) throw error;
    return open.apply(this, given);
  });
}

async function keep(kind: 'opfs' | 'indexeddb' | 'auto' = 'auto'): Promise<void> {
  await using store = await openStore(name, { kind });
  await store.put('profile', bytesOf(kind));
}

async function opened() {
  await using store = await openStore(name);
  const { kind, why } = store;
  const value = await store.get('profile');
  return { kind, why, value: value && new TextDecoder().decode(value) };
}

describe('a store of kind auto', () => {
  test('that lies in IndexedDB stays there when the browser gains OPFS', async () => {
    withoutOpfs();
    await keep();
    withOpfs();
    expect(await opened()).toEqual({
      kind: 'indexeddb',
      why: 'IndexedDB holds the values of this store.',
      value: 'auto',
    });
    expect(await opened()).toMatchObject({ kind: 'indexeddb', value: 'auto' });
  });

  test('that lies in OPFS is not empty in IndexedDB while OPFS fails: that is an error, and passes with it', async () => {
    withOpfs();
    await keep();
    withOpfs(refusing);
    const error = await errorOf(openStore(name));
    expect(error.code).toBe('store-unavailable');
    expect(error.message).toMatch(/may lie in OPFS, which cannot be opened now: not now\. .*Try again/);
    withOpfs();
    expect(await opened()).toMatchObject({ kind: 'opfs', value: 'auto' });
  });

  test('that lies in OPFS is not empty elsewhere where OPFS can be looked into and not opened', async () => {
    withOpfs();
    await keep();
    let isLooking = true;
    withOpfs((call) => {
      // The look lists; what makes the store ready lists once more.
      if (call === 'list' && !isLooking) return refusing();
      if (call === 'list') isLooking = false;
    });
    const error = await errorOf(openStore(name));
    expect(error.code).toBe('store-unavailable');
    expect(error.message).toContain('lie in OPFS, which cannot be opened now');
  });

  test('that a worker keeps in OPFS is told as such in a window that cannot write there', async () => {
    withOpfs();
    await keep();
    withOpfs();
    class FileSystemFileHandle {
      move(): void {}
    }
    vi.stubGlobal('FileSystemFileHandle', FileSystemFileHandle);
    const error = await errorOf(openStore(name));
    expect(error.code).toBe('store-unavailable');
    expect(error.message).toContain('OPFS can be written only from a worker');
    expect((await openStore(name, { kind: 'indexeddb' })).kind).toBe('indexeddb');
  });

  test('that lies in OPFS is not empty in IndexedDB where the browser has no OPFS any more', async () => {
    withOpfs();
    await keep();
    withoutOpfs();
    const error = await errorOf(openStore(name));
    expect(error.code).toBe('store-unavailable');
    expect(error.message).toContain('no navigator.storage.getDirectory');
    await keep('indexeddb');
    expect(await opened(), 'whoever asked for another place has decided').toMatchObject({ kind: 'indexeddb' });
  });

  test('that was never in OPFS is opened where OPFS always fails, as in some private windows', async () => {
    withOpfs(refusing);
    expect(await opened()).toMatchObject({ kind: 'indexeddb', value: undefined });
    await keep();
    expect(await opened()).toMatchObject({ kind: 'indexeddb', value: 'auto' });
  });

  test('is not empty in OPFS while IndexedDB, where it may lie, fails', async () => {
    withoutOpfs();
    await keep();
    withOpfs();
    refuseIndexedDb(/^limbeck\//, new DOMException('Internal error', 'UnknownError'));
    const error = await errorOf(openStore(name));
    expect(error.code).toBe('store-unavailable');
    expect(error.message).toContain('may lie in IndexedDB, which cannot be opened now: Internal error');
    vi.restoreAllMocks();
    expect(await opened()).toMatchObject({ kind: 'indexeddb', value: 'auto' });
  });

  test.each(['SecurityError', 'InvalidStateError'])(
    'is opened in OPFS where IndexedDB is refused (%s)',
    async (refusal) => {
      withOpfs();
      refuseIndexedDb(/./, new DOMException('refused', refusal));
      await keep();
      expect(await opened()).toMatchObject({ kind: 'opfs', value: 'auto' });
    },
  );

  test('takes OPFS where both hold values, and says that there are others', async () => {
    withOpfs();
    await keep('indexeddb');
    await keep('opfs');
    const { kind, why, value } = await opened();
    expect({ kind, value }).toEqual({ kind: 'opfs', value: 'opfs' });
    expect(why).toContain('IndexedDB holds others under this name');
  });

  test('takes IndexedDB in a window that cannot write in OPFS, also once a worker keeps values there', async () => {
    withoutOpfs();
    await keep();
    withOpfs();
    // In the worker.
    await keep('opfs');
    class FileSystemFileHandle {
      move(): void {}
    }
    vi.stubGlobal('FileSystemFileHandle', FileSystemFileHandle);
    const { kind, why, value } = await opened();
    expect({ kind, value }).toEqual({ kind: 'indexeddb', value: 'auto' });
    expect(why).toMatch(/OPFS holds others under this name.*OPFS can be written only from a worker/);
    refuseIndexedDb(/^limbeck\//, new DOMException('Internal error', 'UnknownError'));
    expect((await errorOf(openStore(name))).code, 'neither opens').toBe('store-unavailable');
  });

  test('takes OPFS for a new store, and looking makes no database and no folder', async () => {
    withOpfs();
    expect(await opened()).toMatchObject({ kind: 'opfs', why: 'OPFS is offered by this browser.' });
    expect((await indexedDB.databases()).map((one) => one.name)).not.toContain(`limbeck/${name}`);
    withoutOpfs();
    const other = `${name} other`;
    await openStore(other, { kind: 'indexeddb' });
    withOpfs();
    name = other;
    await keep('indexeddb');
    await opened();
    const folder = opfs.root.get('limbeck') as FakeOpfs['root'];
    expect([...folder.keys()].filter((key) => key.includes('other'))).toEqual([]);
  });
});
