import type { BrowserContext, Page } from '@playwright/test';
import { bundle, callsOf, expect, test } from './fixtures.ts';
import { kill } from './kill.ts';

type StorageModule = typeof import('./pages/storage.ts');

const call = callsOf<StorageModule>('/storage.js');

type ServeDist = (options?: { extra?: Record<string, { type: string; body: string }> }) => Promise<string>;

/** Opens pages of one origin that can call `pages/storage.ts`. */
async function pages(context: BrowserContext, serveDist: ServeDist): Promise<() => Promise<Page>> {
  const body = await bundle('pages/storage.ts');
  const url = await serveDist({ extra: { '/storage.js': { type: 'text/javascript', body } } });
  return async () => {
    const page = await context.newPage();
    await page.goto(`${url}/empty.html`);
    return page;
  };
}

for (const how of ['plain', 'encrypted'] as const) {
  for (const kind of ['opfs', 'indexeddb', 'memory'] as const) {
    test(`the ${kind} store, ${how}, keeps the contract in a real browser`, async ({ page, serveDist }) => {
      const body = await bundle('pages/storeContract.ts');
      const url = await serveDist({ extra: { '/contract.js': { type: 'text/javascript', body } } });
      await page.goto(`${url}/empty.html`);
      const results = await page.evaluate(
        async ([wanted, way]) => {
          const script = '/contract.js';
          return ((await import(script)) as typeof import('./pages/storeContract.ts')).runContract(wanted, way);
        },
        [kind, how] as const,
      );
      expect(results.length).toBeGreaterThan(8);
      expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);
    });
  }
}

for (const [where, write] of [
  ['a window', 'putHalf'],
  ['a worker', 'putHalfInWorker'],
] as const) {
  test(`what a page that died in a put left in OPFS is gone once the store is opened, listed or emptied: ${where}`, async ({
    context,
    serveDist,
  }) => {
    const open = await pages(context, serveDist);
    for (const [how, end] of [
      ['crash', 'open'],
      ['close', 'keys'],
    ] as const) {
      const living = await open();
      await call(living, 'open');
      const dying = await open();
      await call(dying, write, 'people/1931');
      // What is being written is left alone.
      expect(await call(living, 'keys')).toEqual([]);
      expect(await call(living, 'raw')).toEqual(['people/1931.draft', 'grandmother, 1931, heart']);
      await kill(dying, how);
      // The browser may notice the death a moment later.
      const left = async () => {
        await call(living, end);
        return call(living, 'raw');
      };
      await expect.poll(left, { message: `${how}, ${end}` }).toEqual([]);
      await living.close();
    }
  });
}

test('a store of kind auto stays in IndexedDB where its values lie, and goes on where somebody deletes the database', async ({
  context,
  serveDist,
}) => {
  const open = await pages(context, serveDist);
  const page = await open();
  await call(page, 'open', 'indexeddb');
  await call(page, 'put', 'key');
  const other = await open();
  expect(await call(other, 'open', 'auto')).toBe('indexeddb');
  expect(await call(other, 'has', 'key')).toBe(true);
  await call(await open(), 'deleteElsewhere');
  for (const one of [page, other]) expect(await call(one, 'has', 'key')).toBe(false);
  await call(page, 'put', 'again');
  expect(await call(other, 'keys')).toEqual(['again']);
  await call(await open(), 'deleteElsewhere');
  expect(await call(await open(), 'open', 'auto')).toBe('opfs');
});
