import { describe, expect, test } from 'vitest';
import { answersOf, makeDisk, openWith, point, storeOn, studentOf, world } from './profileCases.ts';

async function taught(options = {}) {
  const made = await world(options);
  await made.profile.observe(point(1, 0), 'left', { id: 'a' });
  await made.profile.learn().done;
  await made.profile.observe(point(-1, 1), 'right', { id: 'b' });
  await made.profile.learn().done;
  return { ...made, answers: await answersOf(made.profile), bytes: await made.profile.exportBytes() };
}

describe('a profile as one file', () => {
  test('goes to another device and is the same there', async () => {
    const { profile, bytes, answers } = await taught();
    await profile.rollback(1);
    const earlier = { answers: await answersOf(profile), bytes: await profile.exportBytes() };
    const there = await world();
    expect(await there.profile.importBytes(bytes)).toMatchObject({ number: 2, examples: ['a', 'b'] });
    expect(await answersOf(there.profile)).toBe(answers);
    expect(await there.profile.examples()).toEqual(await profile.examples());
    expect(await there.profile.history()).toEqual(await profile.history());
    expect(await answersOf(await openWith(there.store))).toBe(answers);
    await there.profile.rollback(1);
    expect(await answersOf(there.profile)).toBe(earlier.answers);
    const another = await world();
    expect(await another.profile.importBytes(earlier.bytes)).toMatchObject({ number: 1 });
    expect(await answersOf(another.profile)).toBe(earlier.answers);
  });

  test('is added to what is there; importing it twice adds nothing', async () => {
    const { bytes, answers } = await taught();
    const { profile, disk } = await world();
    await profile.observe(point(3, 3), 'left', { id: 'own' });
    await profile.learn().done;
    expect(await profile.importBytes(bytes)).toMatchObject({ number: 3, examples: ['a', 'b'] });
    expect(await answersOf(profile)).toBe(answers);
    expect((await profile.history()).map(({ examples }) => examples)).toEqual([['own'], ['a'], ['a', 'b']]);
    const keys = [...disk.values.keys()].sort();
    await profile.importBytes(bytes);
    expect([...disk.values.keys()].sort()).toEqual(keys);
    const next = await profile.learn().done;
    expect([...next.examples].sort()).toEqual(['a', 'b', 'own']);
    expect(next.number).toBe(4);
  });

  test('brings back what was forgotten since', async () => {
    const { profile, bytes, answers } = await taught();
    await profile.forget('a');
    await profile.importBytes(bytes);
    expect(await answersOf(profile)).toBe(answers);
    expect((await profile.examples()).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('of an empty profile is fine', async () => {
    const empty = await (await world()).profile.exportBytes();
    const { profile, answers } = await taught();
    await profile.importBytes(empty);
    expect(await answersOf(profile)).toBe(answers);
  });

  test('with any byte changed, or cut anywhere, is refused and changes nothing', async () => {
    const { bytes } = await taught();
    const { profile, disk } = await world();
    const before = [...disk.values];
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      await expect(profile.importBytes(damaged), `byte ${at}`).rejects.toMatchObject({ code: 'profile-invalid' });
    }
    for (let length = 0; length < bytes.length; length += 17) {
      await expect(profile.importBytes(bytes.slice(0, length))).rejects.toMatchObject({ code: 'profile-invalid' });
    }
    await expect(profile.importBytes(new Uint8Array([...bytes, 0]))).rejects.toMatchObject({ code: 'profile-invalid' });
    expect([...disk.values]).toEqual(before);
  });

  test('of another base, of other labels, or that keeps something else is refused, and the profile stays', async () => {
    const { bytes } = await taught();
    const others = [
      [await openWith(await storeOn(makeDisk()), {}, studentOf(2)), 'patch-mismatch'],
      [await openWith(await storeOn(makeDisk()), { labels: ['one', 'two'] }), 'class-mismatch'],
      [await openWith(await storeOn(makeDisk()), { keeps: 'examples' }), 'invalid-option'],
    ] as const;
    for (const [profile, code] of others) {
      await expect(profile.importBytes(bytes)).rejects.toMatchObject({
        code,
        message: expect.stringContaining('Nothing was changed'),
      });
      expect(await profile.examples()).toEqual([]);
    }
  });

  test('that does not fit into the store is taken back wholly', async () => {
    const { bytes } = await taught();
    const { profile, disk } = await world();
    await profile.observe(point(3, 3), 'left', { id: 'own' });
    await profile.learn().done;
    const before = { answers: await answersOf(profile), keys: [...disk.values.keys()].sort() };
    const used = [...disk.values.values()].reduce((sum, { length }) => sum + length, 0);
    for (const extra of [0, 200, 500, 900, 1300]) {
      disk.roomBytes = used + extra;
      await expect(profile.importBytes(bytes), `${extra}`).rejects.toMatchObject({ code: 'store-full' });
      expect([...disk.values.keys()].sort()).toEqual(before.keys);
      expect(await answersOf(profile)).toBe(before.answers);
    }
    disk.roomBytes = undefined;
    expect((await profile.importBytes(bytes)).number).toBe(3);
  });
});
