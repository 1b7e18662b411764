import { describe, expect, test } from 'vitest';
import { composedEpsilon } from '../privacy/composed.ts';
import { epsilonOf, learnTimes, noisy, opened, privacyOf, STEPS, spentKeys } from './ledgerCases.ts';
import { makeDisk, meanLearner, openWith, point, storeOn } from './profileCases.ts';

describe('what a profile has spent', () => {
  test('adds up over versions as the accountant adds steps', async () => {
    const { profile } = await opened();
    expect(await privacyOf(profile)).toEqual({ epsilon: 0, delta: 0, runs: 0 });
    await learnTimes(profile, 2);
    const { epsilon, delta, runs } = (await privacyOf(profile)) as { epsilon: number; delta: number; runs: number };
    expect([delta, runs]).toEqual([STEPS.delta, 2]);
    expect(epsilon).toBeCloseTo(epsilonOf(2), 9);
    const told = (await profile.history()).map(({ privacy }) => privacy);
    expect(told.map((one) => one?.epsilon)).toEqual([epsilonOf(1), epsilonOf(1)]);
    expect(told.map((one) => one?.totalEpsilon)).toEqual([epsilonOf(1), epsilon]);
  });

  test('is told after a reload and from another tab, and not where nobody asked for privacy', async () => {
    const { disk, profile } = await opened();
    const other = (await opened(noisy(), disk)).profile;
    await learnTimes(profile, 3);
    const told = await privacyOf(profile);
    expect(await privacyOf(other)).toEqual(told);
    expect(await privacyOf((await opened(noisy(), disk)).profile)).toEqual(told);
    const plain = await opened(meanLearner());
    await learnTimes(plain.profile, 1);
    expect(await plain.profile.contents()).not.toHaveProperty('privacy');
    expect((await plain.profile.current()).privacy).toBeUndefined();
    expect(spentKeys(plain.disk)).toEqual([]);
  });

  test('counts what was rolled back, refused, given up as too old, forgotten, or failed', async () => {
    const learner = noisy();
    const profile = await openWith(await storeOn(makeDisk()), { learner: () => learner, mostVersions: 1 });
    const id = await profile.observe(point(1, 1), 'left');
    await profile.observe(point(2, 1), 'left');
    await profile.learn().done;
    await profile.learn().done;
    await profile.rollback(0);
    expect((await privacyOf(profile))?.runs).toBe(2);
    learner.refusal = 'It got worse.';
    await profile.learn().done;
    expect((await privacyOf(profile))?.runs).toBe(3);
    learner.onBegun = () => {
      throw new Error('It broke.');
    };
    await expect(profile.learn().done).rejects.toThrow('It broke.');
    await profile.forget(id);
    expect((await privacyOf(profile))?.epsilon).toBeCloseTo(epsilonOf(4), 9);
  });

  test('counts a run that is interrupted once it has begun, and none that never did', async () => {
    const { profile, learner } = await opened();
    await profile.observe(point(1, 1), 'left');
    learner.gate = new Promise(() => {});
    const run = profile.learn();
    for await (const event of run) if (event.type === 'progress') break;
    run.cancel();
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
    expect((await privacyOf(profile))?.runs).toBe(1);
    learner.isSilent = true;
    learner.onBegun = () => {
      throw new Error('No worker.');
    };
    await expect(profile.learn().done).rejects.toThrow('No worker.');
    expect((await privacyOf(profile))?.runs).toBe(1);
  });

  test('counts a learner that does not say when it begins, before what it learned is kept', async () => {
    const disk = makeDisk();
    const learner = noisy();
    learner.isSilent = true;
    const order: string[] = [];
    const store = await storeOn(disk, (call, key) => {
      const [, folder] = (call === 'put' && /default\/(\w+)/.exec(key as string)) || [];
      if (folder !== undefined) order.push(folder);
      return undefined;
    });
    const profile = await openWith(store, { learner: () => learner });
    await profile.observe(point(1, 1), 'left');
    await profile.learn().done;
    // The binding is kept twice, and there is a head before the first version.
    expect(order).toEqual(['binding', 'binding', 'examples', 'spent', 'head', 'versions', 'head']);
  });

  test('is without bound where a version was learned without noise, before or after', async () => {
    for (const [first, second] of [
      [meanLearner(), noisy()],
      [noisy(), meanLearner()],
    ] as const) {
      const { disk, profile } = await opened(first);
      await learnTimes(profile, 1);
      const { profile: later } = await opened(second, disk);
      await learnTimes(later, 1);
      expect((await privacyOf(later))?.epsilon).toBe(Number.POSITIVE_INFINITY);
      const { profile: tight } = await opened(noisy(100), disk);
      await expect(tight.learn().done).rejects.toMatchObject({ code: 'privacy-spent' });
    }
  });

  test('goes with the profile when that is destroyed', async () => {
    const { disk, profile } = await opened();
    await learnTimes(profile, 2);
    await profile.destroy();
    expect([...disk.values]).toEqual([]);
    expect((await privacyOf((await opened(noisy(), disk)).profile))?.runs).toBe(0);
  });
});

describe('a budget', () => {
  test('stops learning before any work, says so, and everything else goes on', async () => {
    const budget = (epsilonOf(2) + epsilonOf(3)) / 2;
    const { disk, profile, learner } = await opened(noisy(budget));
    await learnTimes(profile, 2);
    await profile.observe(point(3, 3), 'right', { id: 'third' });
    const before = [...disk.values];
    const run = profile.learn();
    const told: string[] = [];
    const listening = (async () => {
      for await (const { type } of run) told.push(type);
    })().catch(() => undefined);
    await expect(run.done).rejects.toMatchObject({
      code: 'privacy-spent',
      message: expect.stringContaining(`its budget is ${budget}`),
      details: { budget, runs: 2, wouldBe: expect.closeTo(epsilonOf(3), 9) },
    });
    await listening;
    expect(told).toEqual([]);
    expect(learner.learned).toHaveLength(2);
    expect([...disk.values]).toEqual(before);
    expect(await profile.current()).toMatchObject({ number: 2 });
    expect(await privacyOf(profile)).toMatchObject({ runs: 2, budget });
    // Nothing gives it back.
    await profile.forget('third');
    await profile.rollback(0);
    await expect(profile.learn().done).rejects.toMatchObject({ code: 'privacy-spent' });
  });

  test('of exactly so many versions lets so many be learned', async () => {
    const { profile } = await opened(noisy(composedEpsilon([STEPS, STEPS], STEPS.delta)));
    await learnTimes(profile, 2);
    await expect(profile.learn().done).rejects.toMatchObject({ code: 'privacy-spent' });
  });

  test('holds for two tabs that learn at once, with and without a lock between them', async () => {
    const disk = makeDisk();
    const [one, other] = [
      await opened(noisy(epsilonOf(1) * 1.01), disk),
      await opened(noisy(epsilonOf(1) * 1.01), disk),
    ];
    await one.profile.observe(point(1, 1), 'left');
    const results = await Promise.allSettled([one, other].map(({ profile }) => profile.learn().done));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    // Where no lock holds them apart, one finds what the other has written since it looked.
    const late = makeDisk();
    const slow = await opened(noisy(epsilonOf(1) * 1.01), late);
    await slow.profile.observe(point(1, 1), 'left');
    const { learn } = slow.learner;
    slow.learner.learn = async (...given) => {
      for (const key of spentKeys(disk)) late.values.set(key, disk.values.get(key) as Uint8Array<ArrayBuffer>);
      return learn(...given);
    };
    await expect(slow.profile.learn().done).rejects.toMatchObject({ code: 'privacy-spent' });
    expect(slow.learner.learned).toEqual([]);
  });

  test('ends learning by itself with a notice, and not with another try', async () => {
    const learner = noisy(epsilonOf(1) / 2);
    const idle = { quietMs: 1 };
    const profile = await openWith(await storeOn(makeDisk()), { learner: () => learner, learning: 'idle', idle });
    const noticed = new Promise<string>((resolve) =>
      profile.watch((event) => event.type === 'notice' && resolve(event.message)),
    );
    await profile.teach(point(1, 1), 'left');
    expect(await noticed).toMatch(/^Learning by itself failed: .*budget/);
    expect(learner.learned).toEqual([]);
    await profile[Symbol.asyncDispose]();
  });
});

test.each(['before', 'after'] as const)(
  'a tab that dies %s any call while it learns loses no spend whose version is there',
  async (when) => {
    for (let call = 1; ; call++) {
      const { disk, profile } = await opened();
      await learnTimes(profile, 1);
      let left = Number.POSITIVE_INFINITY;
      let hasBegun = false;
      const dead = new Error('The tab is dead.');
      const dying = await storeOn(disk, () => {
        if (left <= 0) throw dead;
        if (--left > 0) return undefined;
        if (when === 'before') throw dead;
        return dead;
      });
      const learner = noisy();
      learner.onBegun = () => {
        hasBegun = true;
      };
      const tab = await openWith(dying, { learner: () => learner });
      left = call;
      const isDead = await tab.learn().done.then(
        () => left <= 0,
        () => true,
      );
      const { profile: next } = await opened(noisy(), disk);
      const runs = (await privacyOf(next))?.runs as number;
      expect(runs, `call ${call}`).toBeGreaterThanOrEqual((await next.history()).length);
      if (hasBegun) expect(runs, `call ${call}`).toBe(2);
      expect(next.notices).toEqual([]);
      if (!isDead) {
        expect(call, 'deaths before it lived').toBeGreaterThan(5);
        break;
      }
      expect(call).toBeLessThan(100);
    }
  },
);
