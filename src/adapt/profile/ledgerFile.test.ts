import { describe, expect, test } from 'vitest';
import { epsilonOf, learnTimes, noisy, opened, privacyOf, spentKeys } from './ledgerCases.ts';
import { meanLearner, openWith, storeOn } from './profileCases.ts';

describe('a ledger that is damaged', () => {
  test.each(['changed', 'deleted'] as const)('(%s) counts as everything until a sound file heals it', async (how) => {
    const { disk, profile } = await opened();
    await learnTimes(profile, 2);
    const sound = await privacyOf(profile);
    const bytes = await profile.exportBytes();
    const key = spentKeys(disk)[0] as string;
    if (how === 'deleted') disk.values.delete(key);
    else disk.values.set(key, (disk.values.get(key) as Uint8Array<ArrayBuffer>).slice(3));
    const { profile: hurt } = await opened(noisy(100), disk);
    expect((await privacyOf(hurt))?.epsilon).toBe(Number.POSITIVE_INFINITY);
    expect(hurt.notices).toEqual([expect.stringContaining('counts as everything')]);
    await expect(hurt.learn().done).rejects.toMatchObject({ code: 'privacy-spent' });
    // It travels as what it counts for.
    const there = await opened();
    await there.profile.importBytes(await hurt.exportBytes());
    expect((await privacyOf(there.profile))?.epsilon).toBe(Number.POSITIVE_INFINITY);
    await hurt.importBytes(bytes);
    expect(await privacyOf(hurt)).toEqual({ ...sound, budget: 100 });
    await hurt.learn().done;
  });
});

describe('a file', () => {
  test('carries the ledger; an import takes what was spent here or there, never less', async () => {
    const here = await opened();
    await learnTimes(here.profile, 1);
    const early = await here.profile.exportBytes();
    await learnTimes(here.profile, 2);
    // An older state of the same profile gives nothing back.
    await here.profile.importBytes(early);
    expect((await privacyOf(here.profile))?.runs).toBe(3);
    const there = await opened();
    await learnTimes(there.profile, 1);
    await there.profile.importBytes(early);
    expect(spentKeys(there.disk)).toHaveLength(2);
    await there.profile.importBytes(await here.profile.exportBytes());
    await there.profile.importBytes(early);
    expect(await privacyOf(there.profile)).toMatchObject({ runs: 4, epsilon: expect.closeTo(epsilonOf(4), 9) });
    const reopened = await opened(noisy(), there.disk);
    expect((await privacyOf(reopened.profile))?.runs).toBe(4);
  });

  test('without a ledger brings versions that told everything, once; and one with a ledger finds such', async () => {
    const plain = await opened(meanLearner());
    await learnTimes(plain.profile, 1);
    const bytes = await plain.profile.exportBytes();
    const here = await opened();
    await learnTimes(here.profile, 1);
    const ledgered = await here.profile.exportBytes();
    for (let i = 0; i < 2; i++) await here.profile.importBytes(bytes);
    expect(await privacyOf(here.profile)).toMatchObject({ epsilon: Number.POSITIVE_INFINITY, runs: 2 });
    await plain.profile.importBytes(ledgered);
    expect((await privacyOf(plain.profile))?.epsilon).toBe(Number.POSITIVE_INFINITY);
  });

  test.each(['before', 'after'] as const)(
    'whose import dies %s any call brings no version without its spend',
    async (when) => {
      const { profile } = await opened();
      await learnTimes(profile, 2);
      const bytes = await profile.exportBytes();
      for (let call = 1; ; call++) {
        const there = await opened();
        await learnTimes(there.profile, 1);
        let left = Number.POSITIVE_INFINITY;
        const dead = new Error('The tab is dead.');
        const dying = await storeOn(there.disk, () => {
          if (left <= 0) throw dead;
          if (--left > 0) return undefined;
          if (when === 'before') throw dead;
          return dead;
        });
        const tab = await openWith(dying, { learner: () => noisy() });
        left = call;
        await tab.importBytes(bytes).catch(() => undefined);
        const isDead = left <= 0;
        // As another tab sees it before anybody has tidied up, and after.
        for (let look = 0; look < 2; look++) {
          const { profile: next } = await opened(noisy(), there.disk);
          const [runs, versions] = [(await privacyOf(next))?.runs, (await next.history()).length];
          expect([runs, versions], `call ${call}`).toEqual(versions === 1 ? [1, 1] : [3, 3]);
          expect(next.notices).toEqual([]);
        }
        if (!isDead) {
          expect(call, 'deaths before it lived').toBeGreaterThan(5);
          break;
        }
        expect(call).toBeLessThan(100);
      }
    },
  );

  test('that does not fit into the store leaves the ledger as it was', async () => {
    const { disk, profile } = await opened();
    await learnTimes(profile, 2);
    const there = await opened();
    await learnTimes(there.profile, 1);
    const bytes = await profile.exportBytes();
    const used = [...there.disk.values.values()].reduce((sum, { length }) => sum + length, 0);
    for (const extra of [0, 400, 700, 1000]) {
      there.disk.roomBytes = used + extra;
      await expect(there.profile.importBytes(bytes)).rejects.toMatchObject({ code: 'store-full' });
      expect(await privacyOf(there.profile)).toMatchObject({ runs: 1 });
      expect(spentKeys(there.disk)).toHaveLength(1);
    }
    expect(spentKeys(disk)).toHaveLength(2);
  });
});
