import { describe, expect, test } from 'vitest';
import { noisy, opened, spentKeys } from './ledgerCases.ts';
import { makeDisk, openWith, point, storeOn } from './profileCases.ts';

describe('a label that only one example has, behind noise', () => {
  test('is refused where it is observed, and a profile that would take it is not opened', async () => {
    const { profile } = await opened(noisy(9));
    await expect(profile.observe(point(1, 1), 'aunt Ida')).rejects.toMatchObject({ code: 'unknown-label' });
    const store = await storeOn(makeDisk());
    const learner = noisy(9);
    const opening = openWith(store, { learner: () => learner, newLabels: 'allowed' });
    await expect(opening).rejects.toMatchObject({ code: 'invalid-option', details: { name: 'newLabels' } });
    expect(await store.keys()).toEqual([]);
    expect(learner.disposals).toBe(1);
  });

  test.each(['observed before', 'imported'])(
    'and was %s is not learned, and nothing is spent or begun',
    async (how) => {
      const disk = makeDisk();
      const before = await openWith(await storeOn(disk), { newLabels: 'allowed' });
      await before.observe(point(1, 1), 'left');
      await before.observe(point(2, 1), 'aunt Ida', { id: 'x' });
      const file = await before.exportBytes();
      const { learner, profile, disk: now } = await opened(noisy(9), how === 'imported' ? makeDisk() : disk);
      if (how === 'imported') await profile.importBytes(file);
      let waits = 0;
      learner.ready = async () => {
        waits++;
        return { [Symbol.asyncDispose]: async () => undefined };
      };
      const error = await profile.learn().done.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'unknown-label', details: { examples: ['x'], labels: ['left', 'right'] } });
      expect([learner.learned.length, waits, spentKeys(now).length]).toEqual([0, 0, 0]);
      await profile.forget('x');
      expect((await profile.learn().done).classes).toEqual(['left', 'right']);
    },
  );
});
