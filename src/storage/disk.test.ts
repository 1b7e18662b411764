import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openStore } from './openStore.ts';
import { storeContract } from './storeContract.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-disk-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a store on the disk', () => {
  for (const [i, check] of storeContract.entries()) {
    if (!check.kinds.includes('disk')) continue;
    test(check.name, () => check.run(() => openStore(`contract/${i}`, { folder })));
  }

  test('says what it is, and takes the address of a folder too', async () => {
    const store = await openStore('said', { folder: pathToFileURL(folder).href, kind: 'disk' });
    expect([store.kind, store.why]).toEqual(['disk', 'A folder was given.']);
    await store.put('a', Uint8Array.of(1));
    expect(await (await openStore('said', { folder })).get('a')).toEqual(Uint8Array.of(1));
  });

  test('keeps the order of puts that nobody waited for, and leaves no drafts', async () => {
    const store = await openStore('order', { folder });
    const puts = [1, 2, 3, 4].map((value) => store.put('key', new Uint8Array(100_000).fill(value)));
    await Promise.all(puts);
    expect((await store.get('key'))?.[0]).toBe(4);
    expect(await readdir(join(folder, 'limbeck/order'))).toEqual(['key.value']);
  });

  test('removes the draft of a process that died, and not one that is being written', async () => {
    const store = await openStore('drafts', { folder });
    await store.put('kept', Uint8Array.of(1));
    const [old, young] = ['old.1-0.draft', 'young.2-0.draft'].map((file) => join(folder, 'limbeck/drafts', file));
    for (const file of [old, young]) await writeFile(file as string, 'half');
    await utimes(old as string, 0, 0);
    expect(await store.keys()).toEqual(['kept']);
    expect((await readdir(join(folder, 'limbeck/drafts'))).sort()).toEqual(['kept.value', 'young.2-0.draft']);
  });

  test('never leaves its folder, whatever a key says', async () => {
    const store = await openStore('inside', { folder });
    for (const key of ['a\\..\\..\\b', '%2e%2e/x', 'c:/d', '..%2f..', 'nul']) await store.put(key, Uint8Array.of(1));
    expect((await readdir(join(folder, 'limbeck/inside'))).length).toBe(5);
    await expect(store.put('../x', Uint8Array.of(1))).rejects.toMatchObject({ code: 'invalid-option' });
  });

  test('a place that is no folder is "store-unavailable", and a full disk "store-full"', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'x');
    await expect(openStore('s', { folder: file })).rejects.toMatchObject({ code: 'store-unavailable' });
    const files = await import('node:fs/promises');
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const store = await openStore('full', { folder });
    await store.put('key', Uint8Array.of(1));
    const rename = vi.spyOn(process.getBuiltinModule('node:fs/promises'), 'rename').mockRejectedValueOnce(full);
    await expect(store.put('key', Uint8Array.of(2))).rejects.toMatchObject({ code: 'store-full' });
    rename.mockRestore();
    expect(await store.get('key')).toEqual(Uint8Array.of(1));
    expect(await files.readdir(join(folder, 'limbeck/full'))).toEqual(['key.value']);
  });

  test('a folder that is damaged tells which value it cannot read', async () => {
    const store = await openStore('odd', { folder });
    await mkdir(join(folder, 'limbeck/odd/key.value'));
    await expect(store.get('key')).rejects.toMatchObject({ code: 'store-failed' });
    expect(await readFile(join(folder, 'limbeck/order/key.value'))).toHaveLength(100_000);
  });
});

test('in Node, a store without a folder says why nothing lasts', async () => {
  // Tests that share this thread may have left one.
  vi.stubGlobal('indexedDB', undefined);
  const store = await openStore('volatile').finally(() => vi.unstubAllGlobals());
  expect([store.kind, store.why]).toEqual(['memory', expect.stringContaining('in a folder, and none was given')]);
});

test.each([
  ['memory', '/tmp/x'],
  ['disk', undefined],
  ['auto', ''],
] as const)('kind %s with the folder %s is refused', async (kind, given) => {
  await expect(openStore('s', { kind, folder: given })).rejects.toMatchObject({ code: 'invalid-option' });
});

test('a browser has no folders', async () => {
  const builtin = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  await expect(openStore('s', { folder: '/tmp/x' })).rejects.toMatchObject({
    code: 'store-unavailable',
    message: expect.stringContaining('not by a browser'),
  });
  builtin.mockRestore();
});
