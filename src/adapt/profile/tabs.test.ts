import { afterEach, describe, expect, test, vi } from 'vitest';
import { answersOf, makeDisk, meanLearner, openWith, point, storeOn } from './profileCases.ts';

afterEach(() => vi.unstubAllGlobals());

async function twoTabs() {
  const disk = makeDisk();
  const open = async () => {
    const learner = meanLearner();
    return { learner, profile: await openWith(await storeOn(disk), { learner: () => learner }) };
  };
  const [one, other] = [await open(), await open()];
  return { disk, open, one, other };
}

describe.each(['with', 'without'] as const)('two tabs, %s a channel between them', (channel) => {
  const tabs = () => {
    if (channel === 'without') vi.stubGlobal('BroadcastChannel', undefined);
    return twoTabs();
  };

  test('observe at once and lose nothing', async () => {
    const { one, other } = await tabs();
    const observed = await Promise.all(
      Array.from({ length: 30 }, (_, i) => (i % 2 ? one : other).profile.observe(point(i, 1), 'left')),
    );
    for (const { profile } of [one, other]) {
      expect((await profile.examples()).map(({ id }) => id).sort()).toEqual([...observed].sort());
    }
  });

  test('learn at once: each makes a version from all examples, one after the other', async () => {
    const { one, other } = await tabs();
    await one.profile.observe(point(1, 0), 'left');
    await other.profile.observe(point(2, 0), 'left');
    const versions = await Promise.all([one.profile.learn().done, other.profile.learn().done]);
    expect(versions.map(({ number }) => number).sort()).toEqual([1, 2]);
    expect(versions.map(({ examples }) => examples.length)).toEqual([2, 2]);
  });

  test('what one learned, took back or forgot, the other says too', async () => {
    const { one, other } = await tabs();
    const same = () =>
      vi.waitFor(async () => expect(await answersOf(other.profile)).toBe(await answersOf(one.profile)));
    await same();
    await one.profile.observe(point(1, 0), 'left', { id: 'a' });
    await one.profile.learn().done;
    await same();
    await other.profile.observe(point(5, 0), 'left', { id: 'b' });
    await other.profile.learn().done;
    await same();
    await one.profile.rollback(1);
    await same();
    await other.profile.forget('a');
    await same();
    expect(await one.profile.current()).toMatchObject({ number: 0 });
    expect(await other.profile.current()).toMatchObject({ number: 0 });
  });

  test('an example that is forgotten while the other tab learns from it is in no version', async () => {
    const { disk, one, other } = await tabs();
    await one.profile.observe(point(1, 0), 'left', { id: 'a' });
    await one.profile.observe(point(2, 0), 'left', { id: 'b' });
    let open = () => {};
    one.learner.gate = new Promise((resolve) => {
      open = resolve;
    });
    const run = one.profile.learn();
    for await (const event of run) if (event.type === 'progress') break;
    one.learner.gate = undefined;
    const forgetting = other.profile.forget('a');
    // Who hears of it begins anew at once; who does not, finds out in the end.
    await vi.waitFor(() => expect([...disk.values.keys()].filter((key) => key.endsWith('-a'))).toEqual([]));
    if (channel === 'without') open();
    await forgetting;
    expect((await run.done).examples).toEqual(['b']);
    expect([...disk.values.keys()].filter((key) => key.includes('/versions/'))).toHaveLength(1);
  });

  test('the same id in both: no example is lost, and forgetting removes both', async () => {
    const { one, other } = await tabs();
    await Promise.all([one, other].map(({ profile }) => profile.observe(point(1, 0), 'left', { id: 'a' })));
    expect((await one.profile.examples()).length).toBeGreaterThan(0);
    await other.profile.forget('a');
    expect(await one.profile.examples()).toEqual([]);
  });

  test('a profile that one tab destroys is gone in the other, and leaves nothing behind', async () => {
    const { disk, one, other, open } = await tabs();
    await one.profile.observe(point(1, 0), 'left');
    await one.profile.learn().done;
    const told: string[] = [];
    one.profile.watch(({ type }) => told.push(type));
    // What was learned may still be on its way to it.
    other.profile.watch(({ type }) => type !== 'changed' && told.push(`${type}, where it was asked for`));
    await other.profile.destroy();
    // Without a channel it is noticed by what is asked for next.
    if (channel === 'with') await vi.waitFor(() => expect(told).toEqual(['destroyed']));
    await expect(one.profile.observe(point(1, 0), 'left')).rejects.toMatchObject({
      code: 'disposed',
      message: expect.stringContaining('destroyed'),
    });
    expect(told).toEqual(['destroyed']);
    expect([...disk.values]).toEqual([]);
    const fresh = await open();
    expect(await fresh.profile.examples()).toEqual([]);
  });
});
