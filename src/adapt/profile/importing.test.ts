import { describe, expect, test } from 'vitest';
import { ndArray } from '../../core/shape.ts';
import { patchFromBytes, patchToBytes } from '../../student/patch/patchFile.ts';
import { answersOf, makeDisk, meanLearner, openWith, point, storeOn, world } from './profileCases.ts';
import { packExample } from './storage/journal.ts';
import { packRecord, readRecord } from './storage/record.ts';
import { packVersion, readVersion, type VersionHead } from './storage/versions.ts';

async function taught(options = {}) {
  const made = await world(options);
  for (const [i, id] of ['a', 'b'].entries()) {
    await made.profile.observe(point(i + 1, -1), 'left', { id });
    await made.profile.learn().done;
  }
  return { ...made, answers: await answersOf(made.profile), bytes: await made.profile.exportBytes() };
}

interface Parts {
  head: Record<string, unknown> & Record<'examples' | 'versions' | 'considered', string[]>;
  binding: Uint8Array;
  examples: Uint8Array[];
  versions: Uint8Array[];
}

/** The file with something else in it, and hashes that are right again. */
async function forge(bytes: Uint8Array, change: (parts: Parts) => unknown): Promise<Uint8Array> {
  const { head, parts } = await readRecord(bytes, 'file', 'The file');
  const { kind: _, bytes: __, ...rest } = head;
  const [binding, ...values] = parts as [Uint8Array, ...Uint8Array[]];
  const count = (rest['examples'] as string[]).length;
  const forged = {
    head: structuredClone(rest) as Parts['head'],
    binding,
    examples: values.slice(0, count),
    versions: values.slice(count),
  };
  await change(forged);
  return packRecord('file', forged.head, [forged.binding, ...forged.examples, ...forged.versions]);
}

/** Changes what the newest version of a file says of itself. */
function saying(change: (said: VersionHead) => object) {
  return async ({ head, versions }: Parts) => {
    const key = head.versions.at(-1) as string;
    const { head: said, patch } = await readVersion(versions.pop() as Uint8Array, key);
    versions.push(await packVersion({ ...said, ...change(said) } as VersionHead, patch));
  };
}

/** Puts another example in the place of the first. */
function holding(head: object, parts: Uint8Array[] = []) {
  return async ({ examples }: Parts) => {
    examples[0] = await packRecord('example', head, parts);
  };
}

describe('a sound file over a damaged profile', () => {
  test.each(['cut', 'changed', 'emptied'] as const)('heals an example and versions that were %s', async (how) => {
    const { disk, store, profile, bytes, answers } = await taught();
    await profile[Symbol.asyncDispose]();
    for (const [key, value] of disk.values) {
      if (!/-a$|\/versions\//.test(key)) continue;
      if (how === 'changed') value[value.length >> 1] = (value[value.length >> 1] as number) ^ 1;
      else disk.values.set(key, value.slice(0, how === 'cut' ? value.length - 1 : 0));
    }
    const hurt = await openWith(store);
    const otherTab = await openWith(await storeOn(disk));
    expect(await hurt.current()).toMatchObject({ number: 0 });
    expect((await otherTab.examples()).map(({ label }) => label)).toEqual([undefined, 'left']);
    const keys = [...disk.values.keys()].sort();
    expect(await hurt.importBytes(bytes)).toMatchObject({ number: 2, examples: ['a', 'b'] });
    expect([...disk.values.keys()].sort()).toEqual(keys);
    for (const one of [hurt, otherTab, await openWith(await storeOn(disk))]) {
      expect(await one.examples()).toMatchObject([
        { id: 'a', label: 'left' },
        { id: 'b', label: 'left' },
      ]);
      expect((await one.history()).map(({ number }) => number)).toEqual([1, 2]);
    }
    expect(await answersOf(hurt)).toBe(answers);
    expect((await openWith(await storeOn(disk))).notices).toEqual([]);
    // And a healed version goes with an example that it learned from, as any does.
    expect(await hurt.forget('a')).toMatchObject({ versions: [1, 2], current: { number: 0 } });
    expect([...disk.values.keys()].filter((key) => key.includes('/versions/'))).toEqual([]);
  });

  test('what is healed stays where the rest does not fit into the store', async () => {
    const { disk, store, profile, bytes } = await taught();
    await profile.forget('b');
    await profile[Symbol.asyncDispose]();
    const key = [...disk.values.keys()].find((one) => one.endsWith('-a')) as string;
    const sound = disk.values.get(key) as Uint8Array<ArrayBuffer>;
    disk.values.set(key, sound.slice(1));
    const hurt = await openWith(store);
    disk.roomBytes = [...disk.values.values()].reduce((sum, { length }) => sum + length, 0) + 1;
    const keys = [...disk.values.keys()].sort();
    await expect(hurt.importBytes(bytes)).rejects.toMatchObject({ code: 'store-full' });
    expect([...disk.values.keys()].sort()).toEqual(keys);
    expect(disk.values.get(key)).toEqual(sound);
  });
});

describe('a file that does not agree with itself is refused before anything is written', () => {
  test.each<[string, (parts: Parts) => unknown, string?]>([
    ['a version that names no examples', saying(() => ({ exampleKeys: [] }))],
    ['a version of an example that the file has not', saying(() => ({ exampleKeys: [`${'0'.repeat(21)}-c`] }))],
    ['a version of one example twice', saying((said) => ({ exampleKeys: [...said.exampleKeys, said.exampleKeys[0]] }))],
    ['a version of other classes than its patch', saying(() => ({ classes: ['left', 'right', 'up'] }))],
    ['a version with a class twice', saying(() => ({ classes: ['left', 'left'] }))],
    ['a version without a time', saying(() => ({ timeMs: 'now' }))],
    ['a version whose report is a text', saying(() => ({ report: 'fine' }))],
    [
      'a version of another base',
      async ({ head, versions }) => {
        const { head: said, patch } = await readVersion(versions[0] as Uint8Array, head.versions[0] as string);
        const other = { ...(await patchFromBytes(patch)), base: 'f'.repeat(64) };
        versions[0] = await packVersion(said, await patchToBytes(other));
      },
      'patch-mismatch',
    ],
    [
      'a current version that is not there',
      ({ head }) => Object.assign(head, { current: `00000009-${'a'.repeat(12)}` }),
    ],
    ['a current version that is no text', ({ head }) => Object.assign(head, { current: 7 })],
    ['an example considered that is not there', ({ head }) => head.considered.push(`${'0'.repeat(21)}-c`)],
    [
      'an example twice',
      ({ head, examples }) => {
        head.examples.push(head.examples[0] as string);
        examples.push(examples[0] as Uint8Array);
      },
    ],
    [
      'a version twice',
      ({ head, versions }) => {
        head.versions.push(head.versions[0] as string);
        versions.push(versions[0] as Uint8Array);
      },
    ],
    [
      'two versions of one mark',
      ({ head, versions }) => {
        head.versions.push(`00000009${(head.versions[0] as string).slice(8)}`);
        versions.push(versions[0] as Uint8Array);
      },
    ],
    ['an id that no example may have', ({ head }) => (head.examples[0] = `${'0'.repeat(21)}-${'x'.repeat(201)}`)],
    ['an id with half a character', ({ head }) => (head.examples[0] = `${'0'.repeat(21)}-\ud800`)],
    [
      'an example of other features',
      async ({ examples }) =>
        (examples[0] = await packExample('left', { features: ndArray(new Float32Array(3), [1, 3]) })),
    ],
    [
      'an example of another name',
      async ({ examples }) => (examples[0] = await packExample('left', { x: ndArray(new Float32Array(2), [1, 2]) })),
    ],
    [
      'an example that is two',
      async ({ examples }) =>
        (examples[0] = await packExample('left', { features: ndArray(new Float32Array(4), [2, 2]) })),
    ],
    [
      'an example that is no number',
      async ({ examples }) =>
        (examples[0] = await packExample('left', { features: ndArray(Float32Array.of(1, Number.NaN), [1, 2]) })),
    ],
  ])('%s', async (_, change, code = 'profile-invalid') => {
    const { bytes } = await taught();
    const { profile, disk } = await world();
    await profile.observe(point(3, 3), 'right', { id: 'own' });
    await profile.learn().done;
    const before = [...disk.values];
    await expect(profile.importBytes(await forge(bytes, change))).rejects.toMatchObject({ code });
    expect([...disk.values]).toEqual(before);
  });

  test.each<[string, object, Uint8Array[]?]>([
    [
      'a shape of more values than any memory holds',
      { label: 'left', arrays: [{ name: 'features', dtype: 'float32', shape: [1, 2 ** 40] }] },
      [new Uint8Array(8)],
    ],
    [
      'a shape that is none',
      { label: 'left', arrays: [{ name: 'features', dtype: 'float32', shape: 'wide' }] },
      [new Uint8Array(8)],
    ],
    [
      'values of an unknown type',
      { label: 'left', arrays: [{ name: 'features', dtype: 'constructor', shape: [1, 2] }] },
      [new Uint8Array(8)],
    ],
    ['no arrays', { label: 'left', arrays: [null] }],
    ['no label', { label: '', arrays: [] }],
  ])('an example with %s counts as damaged, with what learned from it', async (_, head, parts) => {
    const { bytes } = await taught();
    const { profile, disk } = await world();
    expect(await profile.importBytes(await forge(bytes, holding(head, parts)))).toMatchObject({ number: 0 });
    expect((await profile.examples()).map(({ id }) => id)).toEqual(['b']);
    expect([...disk.values.keys()].filter((key) => key.includes('/versions/'))).toEqual([]);
  });

  test('keys that would change what all objects are do not come out of it', async () => {
    const { bytes } = await taught();
    const report = JSON.parse('{"__proto__": {"isPolluted": true}, "deep": {"__proto__": {"isPolluted": true}}}');
    const { profile } = await world();
    const version = await profile.importBytes(
      await forge(
        bytes,
        saying(() => ({ report })),
      ),
    );
    expect(JSON.stringify(version.report)).toBe('{"deep":{}}');
    const merged = Object.assign({}, version.report) as { isPolluted?: boolean };
    expect(merged.isPolluted).toBeUndefined();
  });
});

test('a version that names no examples, as an older import may have left it, is not used and goes with the first forgotten', async () => {
  const { disk, store, profile } = await taught();
  await profile[Symbol.asyncDispose]();
  const key = [...disk.values.keys()].find((one) => one.includes('/versions/00000002')) as string;
  const { head, patch } = await readVersion(disk.values.get(key) as Uint8Array, '00000002-x');
  disk.values.set(key, await packVersion({ ...head, exampleKeys: [] }, patch));
  const again = await openWith(store, { learner: meanLearner });
  expect(await again.current()).toMatchObject({ number: 1 });
  expect(again.notices).toEqual([expect.stringContaining('does not say which examples')]);
  await again.forget('b');
  expect(disk.values.has(key)).toBe(false);
});

test('where inputs are kept, a file’s examples fit those of the base', async () => {
  const { bytes } = await taught({ keeps: 'examples' });
  const { profile, disk } = await world({ keeps: 'examples' }, makeDisk());
  const before = [...disk.values];
  const wrong = await packExample('left', { x: ndArray(new Float32Array(3), [1, 3]) });
  const forged = await forge(bytes, ({ examples }) => (examples[1] = wrong));
  await expect(profile.importBytes(forged)).rejects.toMatchObject({ code: 'profile-invalid' });
  expect([...disk.values]).toEqual(before);
  expect(await profile.importBytes(bytes)).toMatchObject({ number: 2 });
});
