import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { baseHash } from '../../student/patch/baseHash.ts';
import { destroyProfile } from './listProfiles.ts';
import type { Profile } from './profile.ts';
import { answersOf, makeDisk, meanLearner, openWith, point, storeOn, studentOf, world } from './profileCases.ts';

// Nothing is heard between tabs here, as in one that was frozen while the other spoke.
beforeEach(() => void vi.stubGlobal('BroadcastChannel', undefined));
afterEach(() => vi.unstubAllGlobals());

/** Taught and learned, twice; versions 1 and 2. */
async function teach(profile: Profile): Promise<Profile> {
  for (const [i, id] of ['a', 'b'].entries()) {
    await profile.observe(point(i + 1, -1), 'left', { id });
    await profile.learn().done;
  }
  return profile;
}

/** A tab whose profile another tab has destroyed, and one of another base that has taken its name since. */
async function staleTab() {
  const disk = makeDisk();
  const learner = meanLearner();
  const stale = await teach(await openWith(await storeOn(disk), { learner: () => learner }));
  const bytes = await stale.exportBytes();
  await destroyProfile(await storeOn(disk));
  const other = studentOf(2);
  const otherLearner = meanLearner();
  otherLearner.base = await baseHash(other);
  const fresh = await teach(await openWith(await storeOn(disk), { learner: () => otherLearner }, other));
  const told: string[] = [];
  stale.watch(({ type }) => told.push(type));
  return { disk, stale, fresh, bytes, told, learner };
}

describe('a tab that did not hear that its profile was destroyed and another made', () => {
  test.each<[string, (stale: Profile, bytes: Uint8Array) => Promise<unknown>]>([
    ['learn', (stale) => stale.learn().done],
    ['importBytes', (stale, bytes) => stale.importBytes(bytes)],
    ['rollback', (stale) => stale.rollback(1)],
    ['observe', (stale) => stale.observe(point(3, 3), 'left')],
    ['observe with an id that is there', (stale) => stale.observe(point(3, 3), 'left', { id: 'a' })],
    ['teach', (stale) => stale.teach(point(3, 3), 'left')],
    ['forget', (stale) => stale.forget('a')],
    ['destroy', (stale) => stale.destroy()],
    ['predict', (stale) => stale.predict(point(1, 0))],
    ['current', (stale) => stale.current()],
    ['history', (stale) => stale.history()],
    ['examples', (stale) => stale.examples()],
    ['contents', (stale) => stale.contents()],
    ['exportBytes', (stale) => stale.exportBytes()],
  ])('%s says so, and touches nothing of the new one', async (_, use) => {
    const { disk, stale, fresh, bytes, told, learner } = await staleTab();
    const before = [...disk.values];
    const answers = await answersOf(fresh);
    const learned = learner.learned.length;
    await expect(use(stale, bytes)).rejects.toMatchObject({
      code: 'disposed',
      message: expect.stringContaining('destroyed'),
    });
    expect([...disk.values]).toEqual(before);
    expect(await answersOf(fresh)).toBe(answers);
    expect(learner.learned).toHaveLength(learned);
    expect(told).toEqual(['destroyed']);
  });

  test('learning by itself neither', async () => {
    const disk = makeDisk();
    const learner = meanLearner();
    const idle = { quietMs: 30 };
    const stale = await openWith(await storeOn(disk), { learner: () => learner, learning: 'idle', idle });
    const told: string[] = [];
    stale.watch(({ type }) => told.push(type));
    await stale.teach(point(1, 0), 'left');
    await destroyProfile(await storeOn(disk));
    const fresh = await openWith(await storeOn(disk));
    await fresh.observe(point(2, 0), 'left', { id: 'new' });
    const before = [...disk.values];
    await vi.waitFor(() => expect(told).toContain('destroyed'));
    expect(learner.learned).toEqual([]);
    expect([...disk.values]).toEqual(before);
    expect(stale.notices).toEqual([]);
  });

  test('one that is underway when it happens keeps nothing of what it learned', async () => {
    const { disk, profile, learner } = await world();
    await profile.observe(point(1, 0), 'left');
    let open = () => {};
    learner.gate = new Promise((resolve) => {
      open = resolve;
    });
    const run = profile.learn();
    for await (const event of run) if (event.type === 'progress') break;
    const destroying = destroyProfile(await storeOn(disk));
    await vi.waitFor(() => expect(disk.values.has('profiles/default/binding')).toBe(false));
    open();
    await expect(run.done).rejects.toMatchObject({ code: 'disposed' });
    await destroying;
    expect([...disk.values]).toEqual([]);
  });
});

test('a page that is shown again after it was put away looks at once', async () => {
  const shown = new EventTarget();
  vi.stubGlobal('addEventListener', shown.addEventListener.bind(shown));
  vi.stubGlobal('removeEventListener', shown.removeEventListener.bind(shown));
  const { disk, profile } = await world();
  const told: string[] = [];
  profile.watch(({ type }) => told.push(type));
  const show = (persisted: boolean) => shown.dispatchEvent(Object.assign(new Event('pageshow'), { persisted }));
  show(true);
  await vi.waitFor(() => expect(told).toEqual(['changed']));
  await destroyProfile(await storeOn(disk));
  show(true);
  await vi.waitFor(() => expect(told).toEqual(['changed', 'destroyed']));
});

test.each([
  ['destroy', (profile: Profile) => profile.destroy()],
  ['destroyProfile', async (_: Profile, store: Awaited<ReturnType<typeof storeOn>>) => destroyProfile(store)],
] as const)('%s leaves the profile that another tab makes before it has the lock', async (_, destroy) => {
  const disk = makeDisk();
  const plain = await storeOn(disk);
  let fresh: Profile | undefined;
  let isDestroying = false;
  const store = {
    ...plain,
    async delete(key: string) {
      await plain.delete(key);
      if (!key.endsWith('/binding') || !isDestroying || fresh !== undefined) return;
      fresh = await openWith(await storeOn(disk));
      await fresh.observe(point(1, 1), 'left', { id: 'new' });
    },
  };
  const profile = await openWith(store);
  await profile.observe(point(2, 0), 'left', { id: 'old' });
  isDestroying = true;
  await destroy(profile, store);
  expect((await fresh?.examples())?.map(({ id }) => id)).toEqual(['new']);
});

test('a version of another base that lies in a profile is damaged: it does not predict', async () => {
  const { disk, store, profile } = await world();
  const plain = await answersOf(profile);
  const other = await world({}, makeDisk());
  // What a tab without locks may have written between two looks.
  other.learner.base = await baseHash(studentOf(2));
  const there = await openWith(
    await storeOn(other.disk),
    { learner: () => other.learner, name: 'other' },
    studentOf(2),
  );
  await there.observe(point(1, 0), 'left', { id: 'a' });
  await there.learn().done;
  for (const [key, bytes] of other.disk.values) {
    if (/other\/(head|examples|versions)/.test(key)) disk.values.set(key.replace('/other/', '/default/'), bytes);
  }
  const again = await openWith(store);
  expect(await answersOf(again)).toBe(plain);
  expect(again.notices).toEqual([expect.stringContaining('another base')]);
  expect((await again.learn().done).number).toBe(2);
});
