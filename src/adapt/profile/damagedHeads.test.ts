import 'fake-indexeddb/auto';
import { afterEach, expect, test } from 'vitest';
import { encryptedStore } from '../../storage/encrypted.ts';
import { destroyKey } from '../../storage/keys.ts';
import type { Store } from '../../storage/store.ts';
import { isLock } from '../../storage/storeLock.ts';
import { noisy } from './ledgerCases.ts';
import { destroyProfile, listProfiles } from './listProfiles.ts';
import { answersOf, type Disk, makeDisk, openWith, point, storeOn } from './profileCases.ts';

afterEach(() => destroyKey('test'));

const open = async (disk: Disk) => encryptedStore(await storeOn(disk), { key: 'device' });

/** A profile of three examples, of which two were learned, in an encrypted store; and another one beside it. */
async function taught() {
  const disk = makeDisk();
  const store = await open(disk);
  const beside = await openWith(store, { name: 'beside' });
  await beside.observe(point(0, 1), 'left', { id: 'z' });
  const profile = await openWith(store);
  for (const [i, id] of ['a', 'b'].entries()) {
    await profile.observe(point(i + 1, -1), 'left', { id });
    await profile.learn().done;
  }
  await profile.observe(point(3, -1), 'right', { id: 'c' });
  const answers = await answersOf(profile);
  const keys = await store.keys();
  for (const one of [beside, profile, store]) await one[Symbol.asyncDispose]();
  return { disk, answers, keys };
}

/** Flips one bit in the head of the value of a key, where its own key lies. */
async function damage(disk: Disk, key: string): Promise<void> {
  let beneath = '';
  const watching: Store = {
    ...(await storeOn(disk)),
    size: async () => undefined,
    getRange: async (name) => {
      beneath = name;
      return undefined;
    },
  };
  await (await encryptedStore(watching, { key: 'device' })).size(key);
  const bytes = disk.values.get(beneath) as Uint8Array<ArrayBuffer>;
  bytes[40] = (bytes[40] as number) ^ 1;
}

test('one flipped bit in the head of any value costs that value alone', async () => {
  const { keys } = await taught();
  for (let i = 0; i < keys.length; i++) {
    await destroyKey('test');
    const { disk, answers, keys: now } = await taught();
    const key = now[i] as string;
    await damage(disk, key);
    const store = await open(disk);
    const where = key.replace(/\/[0-9a-z]{21}/, '/…');
    expect(await listProfiles(store), where).toEqual(['beside', 'default']);
    expect((await store.scrub()).damaged, where).toHaveLength(1);

    for (const name of ['beside', 'default']) {
      const profile = await openWith(store, { name });
      const ids = (await profile.examples()).map(({ id }) => id);
      const lost = key.endsWith('-c') || key.endsWith('-z') ? key.slice(-1) : undefined;
      const all = name === 'beside' ? ['z'] : ['a', 'b', 'c'];
      // What was learned from is known by name; what was not is named by scrub alone.
      expect(ids, where).toEqual(all.filter((id) => id !== lost));
      if (name === 'default' && !key.includes('/versions/00000002')) {
        expect(await answersOf(profile), where).toBe(answers);
      }
      if (/-[ab]$|\/versions\//.test(key) && name === 'default') {
        expect(profile.notices.join(), where).toMatch(/cannot be read/);
        expect((await profile.history()).length, where).toBe(key.includes('/versions/') ? 1 : 2);
      }
      await profile[Symbol.asyncDispose]();
    }

    // Nothing of a profile stays when it is destroyed, the damaged value included where the profile knew of it.
    for (const name of ['beside', 'default']) await destroyProfile(store, name);
    expect(await listProfiles(store), where).toEqual([]);
    const left = [...disk.values.keys()].filter((name) => !isLock(name));
    const isUnknown = /-[cz]$/.test(key);
    expect(left.length, where).toBe(isUnknown ? 1 : 0);
    await store.scrub({ damaged: 'removed' });
    expect(
      [...disk.values.keys()].filter((name) => !isLock(name)),
      where,
    ).toEqual([]);
  }
});

test('a value that was damaged and that scrub removed costs itself alone', async () => {
  const { keys } = await taught();
  for (let i = 0; i < keys.length; i++) {
    await destroyKey('test');
    const { disk, answers, keys: now } = await taught();
    const key = now[i] as string;
    const where = key.replace(/\/[0-9a-z]{21}/, '/…');
    await damage(disk, key);
    const store = await open(disk);
    expect((await store.scrub({ damaged: 'removed' })).damaged, where).toHaveLength(1);

    expect(await listProfiles(store), where).toEqual(['beside', 'default']);
    const [beside, profile] = [await openWith(store, { name: 'beside' }), await openWith(store)];
    // An example that is removed was forgotten, with what was learned from it; its key ends with its id.
    const gone = /-([abcz])$/.exec(key)?.[1];
    expect((await beside.examples()).map(({ id }) => id)).toEqual(['z'].filter((id) => id !== gone));
    expect((await profile.examples()).map(({ id }) => id)).toEqual(['a', 'b', 'c'].filter((id) => id !== gone));
    const isLost = (number: number) =>
      key.includes(`/versions/0000000${number}`) || gone === 'a' || (gone === 'b' && number === 2);
    const left = [1, 2].filter((number) => !isLost(number));
    expect(
      (await profile.history()).map(({ number }) => number),
      where,
    ).toEqual(left);
    if (left.includes(2)) expect(await answersOf(profile), where).toBe(answers);
    // What an account of privacy goes by, and the next version's number.
    expect((await profile.learn().done).number, where).toBe(3);
    for (const one of [beside, profile]) await one[Symbol.asyncDispose]();
    expect(await store.keys(), where).toEqual(expect.arrayContaining(keys.filter((one) => /binding|head$/.test(one))));
  }
});

test('learning without noise is not forgotten by an account of privacy whose head was damaged or removed', async () => {
  for (const damaged of ['kept', 'removed'] as const) {
    for (const forgotten of [[], ['a', 'b']]) {
      await destroyKey('test');
      const { disk, keys } = await taught();
      const before = await openWith(await open(disk));
      for (const id of forgotten) await before.forget(id);
      await before[Symbol.asyncDispose]();
      await damage(disk, keys.find((key) => key.endsWith('default/head')) as string);
      const store = await open(disk);
      await store.scrub({ damaged });
      // Where there are neither versions nor a head, nothing tells the profile from a new one.
      if (damaged === 'removed' && forgotten.length > 0) continue;
      const profile = await openWith(store, { learner: () => noisy(3) });
      await expect(profile.learn().done, damaged).rejects.toMatchObject({ code: 'privacy-spent' });
    }
  }
});

test('a damaged example can be forgotten, and one that scrub removes is forgotten', async () => {
  for (const how of ['forget', 'scrub'] as const) {
    await destroyKey('test');
    const { disk, keys } = await taught();
    await damage(disk, keys.find((key) => key.endsWith('-b')) as string);
    const store = await open(disk);
    if (how === 'scrub') await store.scrub({ damaged: 'removed' });
    const profile = await openWith(store);
    if (how === 'forget') expect(await profile.forget('b')).toMatchObject({ versions: [2] });
    expect((await profile.examples()).map(({ id }) => id)).toEqual(['a', 'c']);
    expect((await profile.history()).map(({ number }) => number)).toEqual([1]);
    expect((await store.scrub()).damaged).toEqual([]);
  }
});

test('a store that cannot be listed destroys no half of a profile', async () => {
  const { disk, answers } = await taught();
  const store = await open(disk);
  const failing = { ...store, keys: () => Promise.reject(new Error('The disk does not answer.')) };
  await expect(destroyProfile(failing)).rejects.toThrow('does not answer');
  const profile = await openWith(store);
  expect(await answersOf(profile)).toBe(answers);
  expect(await profile.examples()).toHaveLength(3);
});

test('a destruction that was cut short is finished by whoever lists the profiles', async () => {
  const { disk } = await taught();
  const store = await open(disk);
  let deletions = 0;
  const dying = {
    ...store,
    delete: async (key: string) => {
      if (++deletions > 4) throw new Error('The tab is dead.');
      return store.delete(key);
    },
  };
  await expect(destroyProfile(dying)).rejects.toThrow('dead');
  expect((await store.keys('profiles/default/')).length).toBeGreaterThan(1);
  expect(await listProfiles(store)).toEqual(['beside']);
  expect(await store.keys('profiles/default/')).toEqual([]);
  expect(await store.keys('profiles/beside/')).toHaveLength(3);
});

test('a destruction that another tab’s mending crosses ends all the same', async () => {
  const { disk } = await taught();
  const store = await open(disk);
  let deletions = 0;
  const crossed = {
    ...store,
    delete: async (key: string) => {
      await store.delete(key);
      // An opening finds the copy missing, and mends it.
      if (++deletions === 1) await (await openWith(await open(disk)))[Symbol.asyncDispose]();
    },
  };
  await destroyProfile(crossed);
  expect(await store.keys('profiles/default/')).toEqual([]);
  expect(await listProfiles(store)).toEqual(['beside']);
});
