import 'fake-indexeddb/auto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { encryptedStore, wipe } from './encrypted.ts';
import { bytesOf, codeOf, errorOf } from './encryptedCases.ts';
import { openStore } from './openStore.ts';
import {
  copyOf,
  type DiskCall,
  type FakeOpfs,
  filesOf,
  losePower,
  makeOpfs,
  openTab,
  type TabOptions,
} from './opfsCases.ts';
import { storeContract } from './storeContract.ts';

afterEach(() => vi.unstubAllGlobals());

const WRITES = ['stream', 'access'] as const;

/** Opens a store of a tab of its own, which goes on when another tab is opened. */
async function openIn(opfs: FakeOpfs, options: TabOptions = {}, name = 'person') {
  const tab = openTab(opfs, options);
  for (const [global, value] of Object.entries(tab.globals)) vi.stubGlobal(global, value);
  return { tab, store: await openStore(name, { kind: 'opfs' }) };
}

/** A tab that dies at its `at`th call of a kind from when it is told to, or meets that fault. */
function faultAt(at: number, how: 'dead' | 'torn' | 'done' | 'short' | Error, only?: DiskCall) {
  let left = Number.POSITIVE_INFINITY;
  const onCall = (call: DiskCall) => {
    if (only !== undefined && call !== only) return undefined;
    if (--left !== 0) return undefined;
    if (how instanceof Error) throw how;
    return how;
  };
  const arm = () => {
    left = at;
  };
  return { onCall, arm };
}

const SECRET = 'grandmother, 1931, heart';
const LONG = `people/${'é'.repeat(300)}/${'x'.repeat(200)}`;
const opfsFiles = (opfs: FakeOpfs) => [...filesOf(opfs).keys()].filter((path) => !/^limbeck\/([a-z]+\/)?$/.test(path));

describe.each(WRITES)('OPFS, written by %s', (writes) => {
  const opfs = makeOpfs();
  for (const [i, check] of storeContract.entries()) {
    if (!check.kinds.includes('opfs')) continue;
    test(check.name, () => check.run(async () => (await openIn(opfs, { writes }, `contract/${i}`)).store));
    test(`encrypted: ${check.name}`, () =>
      check.run(async () => {
        const { store } = await openIn(opfs, { writes }, `encrypted/${i}`);
        return encryptedStore(store, { key: 'device' });
      }));
  }

  test.each([
    ['a new value', 'people/1', undefined],
    ['a value that takes the place of another', 'people/1', 'old'],
    ['a value with a long key', LONG, undefined],
  ])('a tab that dies in a put of %s leaves the old value or the new one, and nothing else', async (_, key, before) => {
    const start = makeOpfs();
    const { store: first } = await openIn(start, { writes });
    if (before !== undefined) await first.put(key, bytesOf(before));
    let deaths = 0;
    for (const how of ['dead', 'torn', 'done'] as const) {
      for (let at = 1; ; at++) {
        const disk = copyOf(start);
        const fault = faultAt(at, how);
        const { store, tab } = await openIn(disk, { writes, onCall: fault.onCall });
        fault.arm();
        await store.put(key, bytesOf(SECRET)).catch(() => undefined);
        if (!tab.isDead()) break;
        deaths++;
        const after = await openIn(disk, { writes });
        const found = await after.store.get(key);
        const text = found && new TextDecoder().decode(found);
        expect([before, SECRET], `${how} at ${at}`).toContain(text);
        const left = [...filesOf(disk)].filter(([path]) => !path.endsWith('.value') && !path.endsWith('/'));
        expect(left, `${how} at ${at}`).toEqual([]);
        // Forgotten is forgotten: neither the value nor any part of its key.
        await wipe(after.store);
        expect(opfsFiles(disk), `${how} at ${at}`).toEqual([]);
      }
    }
    expect(deaths).toBeGreaterThanOrEqual(writes === 'stream' ? 12 : 11);
  });

  test('what a dead tab left goes with the key, with a listing and with a wipe, where a store was open all the time', async () => {
    for (const end of ['delete', 'keys', 'wipe'] as const) {
      const disk = makeOpfs();
      const { store: living } = await openIn(disk, { writes });
      const fault = faultAt(1, 'dead', 'move');
      const { store: dying } = await openIn(disk, { writes, onCall: fault.onCall });
      fault.arm();
      await codeOf(dying.put('person', bytesOf(SECRET)));
      expect(opfsFiles(disk)).toEqual(['limbeck/person/person.draft']);
      if (end === 'delete') await living.delete('person');
      if (end === 'keys') expect(await living.keys()).toEqual([]);
      if (end === 'wipe') await wipe(living);
      expect(opfsFiles(disk), end).toEqual([]);
    }
  });

  test('what another tab is writing is left alone by one that opens the store, lists it and sweeps', async () => {
    const disk = makeOpfs();
    let release = () => undefined as unknown;
    const { store } = await openIn(disk, { writes });
    const locks = disk.locks.of({});
    // As the writer holds it, in the middle of its put.
    const writing = locks.request(
      'limbeck/person/person',
      () => new Promise((resolve) => (release = () => resolve(0))),
    );
    const folder = (disk.root.get('limbeck') as FakeOpfs['root']).get('person') as FakeOpfs['root'];
    folder.set('person.draft', { bytes: new Uint8Array([1]), flushed: new Uint8Array() });
    const { store: other } = await openIn(disk, { writes });
    await store.keys();
    await other.keys();
    expect(opfsFiles(disk)).toEqual(['limbeck/person/person.draft']);
    release();
    await writing;
    expect(await other.keys()).toEqual([]);
    expect(opfsFiles(disk)).toEqual([]);
  });

  test('two tabs that put and delete long keys of one beginning, and list them, lose nothing', async () => {
    const disk = makeOpfs();
    const tabs = [(await openIn(disk, { writes })).store, (await openIn(disk, { writes })).store] as const;
    const [one, other] = tabs;
    const work: Promise<unknown>[] = [];
    for (let i = 0; i < 20; i++) {
      work.push(one.put(`${LONG}/${i}`, bytesOf(String(i))), other.delete(`${LONG}/gone`), other.keys());
      work.push(other.put(`${LONG}/gone`, bytesOf('gone')).then(() => other.delete(`${LONG}/gone`)));
    }
    await Promise.all(work);
    expect(await other.keys()).toHaveLength(20);
    await wipe(one);
    expect(opfsFiles(disk)).toEqual([]);
  });

  const faults: [DiskCall, 'short' | DOMException, string][] = [
    ['open', new DOMException('locked', 'NoModificationAllowedError'), 'store-failed'],
    ['write', new DOMException('full', 'QuotaExceededError'), 'store-full'],
    ['write', 'short', 'store-full'],
    ['flush', new DOMException('the disk is gone', 'InvalidStateError'), 'store-failed'],
    ['close', new DOMException('full', 'QuotaExceededError'), 'store-full'],
    ['move', new DOMException('locked', 'NoModificationAllowedError'), 'store-failed'],
  ];
  // A stream tells a short write by its error, and cannot be flushed; a handle is not closed with an error.
  const canBe = ([only, how]: (typeof faults)[number]) =>
    writes === 'stream' ? only !== 'flush' && how !== 'short' : only !== 'close';
  test.each(faults.filter(canBe))(
    'a put whose %s fails (%s) says so, and the old value stays, alone',
    async (only, how, code) => {
      const disk = makeOpfs();
      const fault = faultAt(1, how, only);
      const { store } = await openIn(disk, { writes, onCall: fault.onCall });
      await store.put('person', bytesOf('old'));
      fault.arm();
      expect((await errorOf(store.put('person', bytesOf(SECRET)))).code).toBe(code);
      expect(await store.get('person')).toEqual(bytesOf('old'));
      expect(opfsFiles(disk)).toEqual(['limbeck/person/person.value']);
      await store.put('person', bytesOf('new'));
      expect(await store.get('person')).toEqual(bytesOf('new'));
    },
  );

  test.each(['nothing', 'half'] as const)('a loss of power that leaves %s of what was not flushed', async (how) => {
    const disk = makeOpfs();
    const { store } = await openIn(disk, { writes });
    const sealed = await encryptedStore(store, { key: 'device' });
    await sealed.put('person', bytesOf(SECRET));
    losePower(disk, how);
    const reopened = encryptedStore((await openIn(disk, { writes })).store, { key: 'device' });
    if (writes === 'access') {
      expect(await (await reopened).get('person')).toEqual(bytesOf(SECRET));
    } else {
      // Nothing that was cut short passes for a value.
      expect(await codeOf(reopened)).toBe('store-tampered');
    }
  });
});

test('a worker, which can write by streams too, takes the way that can be flushed', async () => {
  const disk = makeOpfs();
  const { store } = await openIn(disk, { writes: 'both' });
  await store.put('person', bytesOf(SECRET));
  losePower(disk, 'nothing');
  expect(await store.get('person')).toEqual(bytesOf(SECRET));
});
