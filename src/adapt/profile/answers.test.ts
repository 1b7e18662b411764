import { afterEach, describe, expect, test, vi } from 'vitest';
import { type NamedArrays, ndArray } from '../../core/shape.ts';
import { openStore } from '../../storage/openStore.ts';
import { cachedTeacher } from '../../teacher/cachedTeacher.ts';
import { fromFunction } from '../../teacher/fromFunction.ts';
import { destroyProfile } from './listProfiles.ts';
import { type Disk, makeDisk, openWith, point, storeOn, world } from './profileCases.ts';

afterEach(() => vi.unstubAllGlobals());

/** A teacher that counts the examples that it was asked about, and may be held back. */
function countingTeacher() {
  const teacher = { asked: 0, gate: Promise.resolve() };
  const made = fromFunction(
    async ({ x }: NamedArrays) => {
      await teacher.gate;
      const count = x?.shape[0] as number;
      teacher.asked += count;
      return {
        logits: ndArray(
          Float32Array.from({ length: 2 * count }, (_, i) => i),
          [count, 2],
        ),
      };
    },
    { name: 'counting' },
  );
  return Object.assign(teacher, { made });
}

const question = (...values: number[]): NamedArrays => ({ x: ndArray(Float32Array.from(values), [values.length, 1]) });
const options = { version: '1' };
const answersIn = ({ values }: Disk) => [...values.keys()].filter((key) => key.includes('/answers/'));
const kept = (disk: Disk) => answersIn(disk).filter((key) => !/\/(secret|used)$/.test(key));

async function asked(profileOptions = {}, disk = makeDisk()) {
  const made = await world(profileOptions, disk);
  const counting = countingTeacher();
  const teacher = made.profile.cachedTeacher(counting.made, options);
  await made.profile.observe(point(1, 1), 'left', { id: 'a' });
  await teacher.ask(question(1, 2, 3));
  return { ...made, counting, teacher };
}

describe('a teacher’s answers for a person’s own data', () => {
  test('are kept in the profile, found again after a reload, told, and leave with no file', async () => {
    const { disk, profile, teacher, counting } = await asked();
    await teacher.ask(question(3, 2, 1));
    expect(counting.asked).toBe(3);
    await teacher.flush();
    expect(kept(disk)).toHaveLength(1);
    const bytes = answersIn(disk).reduce((sum, key) => sum + (disk.values.get(key)?.length as number), 0);
    expect((await profile.contents()).answerBytes).toBe(bytes);
    const before = (await profile.exportBytes()).length;
    await teacher.clear();
    expect((await profile.exportBytes()).length).toBe(before);
    await teacher.ask(question(1, 2, 3));
    await teacher[Symbol.asyncDispose]();
    await profile[Symbol.asyncDispose]();
    const { profile: again } = await world({}, disk);
    const next = countingTeacher();
    await again.cachedTeacher(next.made, options).ask(question(1, 2, 3));
    expect(next.asked).toBe(0);
  });

  test('have keys that only the profile’s secret gives', async () => {
    await using plain = await openStore('answers', { kind: 'memory' });
    await using teacher = cachedTeacher(countingTeacher().made, plain, options);
    await teacher.ask(question(1, 2, 3));
    await teacher.flush();
    const [one, other] = [await asked(), await asked()];
    for (const { teacher: own } of [one, other]) await own.flush();
    const chunkOf = async (disk: Disk) => disk.values.get(kept(disk)[0] as string) as Uint8Array;
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
    const plainKey = (await plain.keys('answers/')).find((key) => !key.endsWith('used')) as string;
    const chunks = [await plain.get(plainKey), await chunkOf(one.disk), await chunkOf(other.disk)].map((bytes) =>
      text(bytes as Uint8Array),
    );
    // Of an example the first 16 bytes of its hash stand in the chunk.
    const { hashExamples } = await import('../../teacher/cache/hashExamples.ts');
    const [guess] = (await hashExamples(question(1), 1)) as [string];
    expect(chunks.map((chunk) => chunk.includes(guess))).toEqual([true, false, false]);
    const secret = (disk: Disk) => text(disk.values.get('profiles/default/answers/secret') as Uint8Array);
    expect(secret(one.disk)).not.toBe(secret(other.disk));
  });

  test('are gone when an example is forgotten, from memory too, and kept again from then on', async () => {
    const { disk, profile, teacher, counting } = await asked();
    await teacher.flush();
    await teacher.ask(question(4));
    await profile.forget('a');
    expect(answersIn(disk)).toEqual([]);
    await teacher.flush();
    expect(kept(disk)).toEqual([]);
    await teacher.ask(question(1, 2));
    expect(counting.asked).toBe(6);
    await teacher.ask(question(1, 2));
    expect(counting.asked).toBe(6);
    await teacher.flush();
    expect(kept(disk)).toHaveLength(1);
  });

  test('that another tab, which hears nothing, keeps first while an example is forgotten are gone too', async () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    const { disk, profile } = await world();
    await profile.observe(point(1, 1), 'left', { id: 'a' });
    const teacher = profile.cachedTeacher(countingTeacher().made, options);
    const plain = await storeOn(disk);
    let meanwhile: (() => Promise<void>) | undefined;
    const keys = async (prefix?: string) => {
      const listed = await plain.keys(prefix);
      const work = meanwhile;
      meanwhile = undefined;
      await work?.();
      return listed;
    };
    const other = await openWith({ ...plain, keys });
    meanwhile = async () => {
      await teacher.ask(question(1));
      await teacher.flush();
      expect(kept(disk)).toHaveLength(1);
    };
    await other.forget('a');
    expect(answersIn(disk)).toEqual([]);
  });

  test('that are on their way when an example is forgotten are dropped when they come', async () => {
    const { disk, profile, teacher, counting } = await asked();
    let open = () => {};
    counting.gate = new Promise((resolve) => {
      open = resolve;
    });
    const asking = teacher.ask(question(9));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await profile.forget('a');
    open();
    await asking;
    await vi.waitFor(async () => expect(await teacher.contents()).toMatchObject({ examples: 0 }));
    await teacher.flush();
    expect(kept(disk)).toEqual([]);
  });

  test('are not written by one that is being disposed of meanwhile', async () => {
    const { disk, profile, teacher } = await asked();
    await Promise.all([profile.forget('a'), teacher[Symbol.asyncDispose]()]);
    expect(kept(disk)).toEqual([]);
    expect(await profile.examples()).toEqual([]);
  });

  test.each(['with', 'without'] as const)('are gone from another tab too, %s a channel', async (channel) => {
    if (channel === 'without') vi.stubGlobal('BroadcastChannel', undefined);
    const { disk, teacher, counting } = await asked();
    const { profile: other } = await world({}, disk);
    await teacher.flush();
    await teacher.ask(question(4));
    await other.forget('a');
    expect(answersIn(disk)).toEqual([]);
    // Who did not hear finds out when it writes.
    await teacher.flush().catch(() => undefined);
    expect(kept(disk)).toEqual([]);
    await vi.waitFor(async () => expect(await teacher.contents()).toMatchObject({ examples: 0 }));
    await teacher.ask(question(1));
    expect(counting.asked).toBe(5);
    await teacher.flush();
    expect(kept(disk)).toHaveLength(1);
  });

  test.each(['destroy', 'destroyProfile', 'destroyProfile, and another is made'])('are gone after %s', async (how) => {
    vi.stubGlobal('BroadcastChannel', undefined);
    const { disk, profile, teacher, counting } = await asked();
    await teacher.flush();
    await teacher.ask(question(4));
    if (how === 'destroy') await profile.destroy();
    else await destroyProfile(await storeOn(disk));
    expect([...disk.values]).toEqual([]);
    if (how.endsWith('made')) await openWith(await storeOn(disk));
    const keys = [...disk.values.keys()];
    await teacher.flush().catch(() => undefined);
    // It still answers; nothing of it is kept.
    await teacher.ask(question(7));
    await teacher[Symbol.asyncDispose]();
    expect(counting.asked).toBe(5);
    expect([...disk.values.keys()]).toEqual(keys);
    if (how === 'destroy') expect(() => profile.cachedTeacher(counting.made, options)).toThrow('destroyed');
  });

  test('go before the example goes: a tab that dies in between leaves none of a forgotten one', async () => {
    let cleaned = 0;
    for (let call = 1; ; call++) {
      const { disk, teacher, profile } = await asked();
      await teacher[Symbol.asyncDispose]();
      await profile[Symbol.asyncDispose]();
      let left = Number.POSITIVE_INFINITY;
      const dying = await storeOn(disk, () => {
        if (--left < 0) throw new Error('The tab is dead.');
        return undefined;
      });
      const tab = await openWith(dying);
      left = call;
      const isDone = await tab.forget('a').then(
        () => true,
        () => false,
      );
      const isThere = [...disk.values.keys()].some((key) => key.endsWith('-a'));
      if (!isThere) expect(answersIn(disk), `call ${call}`).toEqual([]);
      if (isDone) break;
      if (!isThere) cleaned++;
      expect(call).toBeLessThan(60);
    }
    // There are moments when the example is gone and the tab has not told it yet.
    expect(cleaned).toBeGreaterThan(0);
  });

  test('in a full store are not kept, and the teacher answers all the same', async () => {
    const disk = makeDisk();
    const { profile } = await world({}, disk);
    disk.roomBytes = 0;
    const counting = countingTeacher();
    const teacher = profile.cachedTeacher(counting.made, options);
    await teacher.ask(question(1, 2));
    await expect(teacher.flush()).rejects.toMatchObject({ code: 'disposed' });
    await teacher.ask(question(1, 2, 3));
    expect(kept(disk)).toEqual([]);
  });

  test('with a damaged secret are asked for anew', async () => {
    const { disk, teacher, profile } = await asked();
    await teacher[Symbol.asyncDispose]();
    disk.values.set('profiles/default/answers/secret', new Uint8Array(3));
    const next = countingTeacher();
    const again = profile.cachedTeacher(next.made, options);
    await again.ask(question(1, 2, 3));
    expect(next.asked).toBe(3);
    await again.flush();
    expect(kept(disk)).toHaveLength(1);
  });
});
