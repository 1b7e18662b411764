import { describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { encryptedStore } from '../../storage/encrypted.ts';
import { destroyProfile } from './listProfiles.ts';
import { answersOf, type Disk, makeDisk, meanLearner, openWith, point, storeOn, world } from './profileCases.ts';

async function taught() {
  const made = await world();
  const answers = [await answersOf(made.profile)];
  for (const [i, id] of ['a', 'b', 'c'].entries()) {
    await made.profile.observe(point(i + 1, -1), 'left', { id });
    await made.profile.learn().done;
    answers.push(await answersOf(made.profile));
  }
  await made.profile[Symbol.asyncDispose]();
  return { ...made, answers };
}

function damage({ values }: Disk, part: string | RegExp, how: 'cut' | 'changed' | 'emptied'): void {
  const key = [...values.keys()].find((one) => one.match(part)) as string;
  const bytes = values.get(key) as Uint8Array<ArrayBuffer>;
  const changed = bytes.slice(0, how === 'cut' ? bytes.length - 3 : how === 'emptied' ? 0 : bytes.length);
  if (how === 'changed') changed[bytes.length - 30] = (bytes[bytes.length - 30] as number) ^ 4;
  values.set(key, changed);
}

describe.each(['cut', 'changed', 'emptied'] as const)('a value that was %s', (how) => {
  test('of an example leaves that one out, says so, and it can be forgotten', async () => {
    const { disk, store, answers } = await taught();
    damage(disk, /-b$/, how);
    const profile = await openWith(store);
    expect(await answersOf(profile)).toBe(answers[3]);
    expect((await profile.examples()).map(({ id, label }) => [id, label])).toEqual([
      ['a', 'left'],
      ['b', undefined],
      ['c', 'left'],
    ]);
    expect(profile.notices).toEqual([expect.stringMatching(/^The example "b" cannot be read: .*forget\("b"\)/)]);
    expect((await profile.learn().done).examples).toEqual(['a', 'c']);
    expect(await profile.forget('b')).toMatchObject({ versions: [2, 3], current: { number: 4 } });
    expect((await openWith(store)).notices).toEqual([]);
  });

  test('of the current version: the one before predicts, and all is due to be learned', async () => {
    const { disk, store, answers } = await taught();
    damage(disk, '/versions/00000003', how);
    const profile = await openWith(store);
    expect(await answersOf(profile)).toBe(answers[2]);
    expect(profile.notices).toEqual([expect.stringMatching(/^Version 3 cannot be read/)]);
    expect((await profile.learn().done).number).toBe(4);
    expect(await answersOf(profile)).toBe(answers[3]);
    // It may have seen anything, so it goes with the first example that is forgotten.
    await profile.forget('a');
    expect([...disk.values.keys()].filter((key) => key.includes('/versions/'))).toEqual([]);
  });

  test('of the current version, where nothing better is learned: learning by itself ends all the same', async () => {
    const { disk, store, answers } = await taught();
    damage(disk, '/versions/00000003', how);
    const learner = meanLearner();
    learner.refusal = 'It got worse.';
    const profile = await openWith(store, { learner: () => learner, learning: 'idle', idle: { quietMs: 1 } });
    await vi.waitFor(() => expect(learner.learned).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(learner.learned).toHaveLength(1);
    expect(await answersOf(profile)).toBe(answers[2]);
    await profile[Symbol.asyncDispose]();
  });

  test('of the head: the newest version predicts', async () => {
    const { disk, store, answers } = await taught();
    damage(disk, '/head', how);
    const profile = await openWith(store);
    expect(await answersOf(profile)).toBe(answers[3]);
    expect((await profile.learn().done).number).toBe(4);
    expect((await openWith(store)).notices).toEqual([]);
  });

  test.each(['/binding', '/binding.copy'])('of the binding (%s): the other is taken, and mends it', async (part) => {
    const { disk, store, answers } = await taught();
    const whole = disk.values.get(`profiles/default${part}`);
    damage(disk, `${part}$`, how);
    const profile = await openWith(store);
    expect(await answersOf(profile)).toBe(answers[3]);
    expect(profile.notices).toEqual([]);
    expect(disk.values.get(`profiles/default${part}`)).toEqual(whole);
  });

  test('of the binding and its copy: the profile is refused, and can be destroyed', async () => {
    const { disk, store } = await taught();
    for (const part of ['/binding$', '/binding.copy$']) damage(disk, part, how);
    const before = [...disk.values.keys()];
    await expect(openWith(store)).rejects.toMatchObject({
      code: 'profile-invalid',
      message: expect.stringContaining('destroyProfile'),
    });
    expect([...disk.values.keys()]).toEqual(before);
    await destroyProfile(store);
    expect(await (await openWith(store)).examples()).toEqual([]);
  });
});

test('what an encrypted store finds tampered with is a damaged value, and no end of everything', async () => {
  const { disk, answers } = await taught();
  const store = await storeOn(disk);
  const tampering = {
    ...store,
    get: async (key: string) => {
      if (/-b$|\/versions\/00000003/.test(key)) throw new LimbeckError('store-tampered', 'It was changed.');
      return store.get(key);
    },
  };
  const profile = await openWith(tampering);
  expect(await answersOf(profile)).toBe(answers[2]);
  expect(await profile.examples()).toMatchObject([{ id: 'a' }, { id: 'b', label: undefined }, { id: 'c' }]);
});

test('in an encrypted store a profile is the same, and the disk holds nothing that can be read', async () => {
  const disk = makeDisk();
  const open = async () => openWith(await encryptedStore(await storeOn(disk), { passphrase: 'correct horse battery' }));
  const profile = await open();
  await profile.observe(point(1, 0), 'left', { id: 'grandmother' });
  await profile.learn().done;
  const answers = await answersOf(profile);
  await profile[Symbol.asyncDispose]();
  const again = await open();
  expect(await answersOf(again)).toBe(answers);
  expect(await again.examples()).toMatchObject([{ id: 'grandmother', label: 'left' }]);
  const text = [...disk.values].map(([key, value]) => key + Buffer.from(value).toString('latin1')).join();
  for (const word of ['grandmother', 'left', 'profiles', 'examples']) expect(text).not.toContain(word);
});

test('a profile of a later form is named as one, and nothing is deleted', async () => {
  const { disk, store } = await taught();
  for (const [key, bytes] of disk.values) if (!key.endsWith('binding')) bytes[3] = 2;
  const before = [...disk.values.keys()];
  const profile = await openWith(store);
  await profile.examples();
  expect(profile.notices.join(' ')).toContain('form 2');
  expect([...disk.values.keys()]).toEqual(before);
});

describe('a full store', () => {
  test('refuses examples and versions by code, keeps what is there, and can forget', async () => {
    const { disk, store, answers } = await taught();
    const profile = await openWith(store);
    disk.roomBytes = 0;
    await expect(profile.observe(point(1, 1), 'left')).rejects.toMatchObject({ code: 'store-full' });
    await expect(profile.learn().done).rejects.toMatchObject({ code: 'store-full' });
    expect(await answersOf(profile)).toBe(answers[3]);
    expect(await profile.examples()).toHaveLength(3);
    expect(await profile.forget('b')).toMatchObject({ versions: [2, 3], current: { number: 1 } });
    expect(await answersOf(profile)).toBe(answers[1]);
    expect(await answersOf(await openWith(store))).toBe(answers[1]);
    disk.roomBytes = undefined;
    expect(await profile.learn().done).toMatchObject({ number: 4, examples: ['a', 'c'] });
  });

  test('where the version fits and the head does not, the version goes again', async () => {
    const { disk, profile: _, store, answers } = await taught();
    const profile = await openWith(store);
    const keys = [...disk.values.keys()];
    const used = [...disk.values.values()].reduce((sum, { length }) => sum + length, 0);
    const size = (await profile.history()).at(-1)?.bytes as number;
    disk.roomBytes = used + size + 10;
    await expect(profile.learn().done).rejects.toMatchObject({ code: 'store-full' });
    expect([...disk.values.keys()]).toEqual(keys);
    expect(await answersOf(profile)).toBe(answers[3]);
  });
});
