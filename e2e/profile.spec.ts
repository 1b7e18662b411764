import type { BrowserContext, Page } from '@playwright/test';
import { CHROMIUM_ARGS, ensureChromium } from '../scripts/ensure.mjs';
import { isLong } from '../scripts/isLong.mjs';
import { bundle, callsOf, expect, test } from './fixtures.ts';
import { kill } from './kill.ts';
import type { Kind, Told } from './pages/profile.ts';

type PageModule = typeof import('./pages/profile.ts');

const DEATHS = isLong ? 50 : 2;
const KINDS: readonly Kind[] = ['opfs', 'indexeddb'];

const call = callsOf<PageModule>('/profile.js');

type ServeDist = (options?: { extra?: Record<string, { type: string; body: string }> }) => Promise<string>;

async function servePages(serveDist: ServeDist): Promise<string> {
  const body = await bundle('pages/profile.ts');
  const url = await serveDist({ extra: { '/profile.js': { type: 'text/javascript', body } } });
  return `${url}/empty.html`;
}

async function openPage(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** Numbers in 0…1 that follow from the seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

for (const kind of isLong ? KINDS : KINDS.slice(0, 1)) {
  test(`a page that dies ${DEATHS} times while it observes and learns keeps what it acknowledged: ${kind}`, async ({
    context,
    serveDist,
  }) => {
    test.setTimeout(60_000 + DEATHS * 20_000);
    const url = await servePages(serveDist);
    const random = seeded(kind === 'opfs' ? 11 : 12);
    const kept = new Set<string>();
    const forgotten = new Set<string>();
    const answersOf = new Map<number, string>();
    /** The last version that was told; undefined once something was forgotten, which takes versions along. */
    let newest: number | undefined = 0;
    let learned = 0;
    await context.exposeFunction('tell', (told: Told) => {
      if (told.type === 'observed') kept.add(told.id);
      if (told.type === 'forgetting') {
        kept.delete(told.id);
        newest = undefined;
      }
      if (told.type === 'forgotten') forgotten.add(told.id);
      if (told.type === 'version') {
        newest = told.number;
        learned++;
        answersOf.set(told.number, told.answers);
      }
    });
    const first = await openPage(context, url);
    await call(first, 'makeStudent');
    const { answers } = await call(first, 'open', kind);
    answersOf.set(0, answers);
    await first.close();

    for (let death = 0; death <= DEATHS; death++) {
      const page = await openPage(context, url);
      const found = await call(page, 'open', kind);
      const where = `after ${death} deaths`;
      expect(found.notices, where).toEqual([]);
      expect(found.labels, where).not.toContain(undefined);
      expect(
        [...kept].filter((id) => !found.ids.includes(id)),
        `${where}: lost`,
      ).toEqual([]);
      expect(
        [...forgotten].filter((id) => found.ids.includes(id)),
        `${where}: back again`,
      ).toEqual([]);
      // What was done when the page died before it could tell may be there too, and nothing else.
      expect(new Set(found.ids).size, where).toBe(found.ids.length);
      for (const id of found.ids) expect(id, where).toMatch(/^digit-\d+-\d+$/);
      expect(found.versions.concat(0), where).toContain(found.current);
      expect(found.current, `${where}: the last finished version, or one that was not told`).toBeGreaterThanOrEqual(
        newest ?? 0,
      );
      const known = answersOf.get(found.current);
      if (known !== undefined) expect(found.answers, `${where}: version ${found.current}`).toBe(known);
      answersOf.set(found.current, found.answers);
      for (const id of found.ids) kept.add(id);
      newest = found.current;
      if (death === DEATHS) break;

      await page.evaluate(async (round) => {
        const script = '/profile.js';
        const { work } = (await import(script)) as PageModule;
        const { tell } = window as unknown as { tell(told: Told): Promise<void> };
        void work(round, tell);
      }, death);
      // However slow the machine is, a version is there to be lost.
      if (death === 0) await expect.poll(() => learned, { timeout: 60_000 }).toBeGreaterThan(0);
      await page.waitForTimeout(30 + random() * 900);
      await kill(page, death % 2 === 0 ? 'crash' : 'close');
    }
    expect(kept.size).toBeGreaterThan(DEATHS);
  });
}

test('two tabs observe at once, one learns, and the other answers with what it learned', async ({
  context,
  serveDist,
}) => {
  const url = await servePages(serveDist);
  const one = await openPage(context, url);
  await call(one, 'makeStudent');
  const other = await openPage(context, url);
  const [before] = await Promise.all([call(one, 'open', 'opfs'), call(other, 'open', 'opfs')]);
  expect(before).toMatchObject({ ids: [], current: 0, versions: [] });
  await Promise.all([call(one, 'observe', 0, 12), call(other, 'observe', 12, 12)]);
  const all = Array.from({ length: 24 }, (_, i) => `digit-${i}`).sort();
  for (const page of [one, other]) expect([...(await call(page, 'standing')).ids].sort()).toEqual(all);

  const waiting = call(other, 'waitForVersion', 1);
  const learned = await call(one, 'learn');
  expect(learned.current).toBe(1);
  expect(learned.answers).not.toBe(before.answers);
  expect(await waiting).toMatchObject({ current: 1, versions: [1], answers: learned.answers });
  // Both at once: one after the other, and both come to the same.
  await Promise.all([call(one, 'learn'), call(other, 'learn')]);
  const [mine, theirs] = [await call(one, 'standing'), await call(other, 'standing')];
  expect(mine).toMatchObject({ versions: [1, 2, 3], current: 3 });
  expect(theirs).toEqual(mine);
});

for (const kind of KINDS) {
  test(`an encrypted store holds nothing readable, refuses what was changed, and is gone when destroyed: ${kind}`, async ({
    context,
    serveDist,
  }) => {
    const url = await servePages(serveDist);
    const page = await openPage(context, url);
    await call(page, 'makeStudent');
    expect(await call(page, 'findPlainUnencrypted', kind), 'what the search finds without encryption').toContain(
      'an example',
    );
    await call(page, 'open', kind, 'examples');
    await call(page, 'observe', 0, 6);
    const { values, found } = await call(page, 'findPlain', kind);
    expect(values).toBeGreaterThan(6);
    expect(found).toEqual([]);
    expect(await call(page, 'readCodes', kind)).toEqual([]);
    const key = { extractable: [false, false], exported: ['InvalidAccessError', 'InvalidAccessError'] };
    expect(await call(page, 'lookAtKey', kind)).toEqual(key);

    await page.reload();
    const { ids, labels, notices } = await call(page, 'open', kind, 'examples');
    expect(ids).toHaveLength(6);
    expect(labels).not.toContain(undefined);
    expect(notices).toEqual([]);
    expect(await call(page, 'lookAtKey', kind)).toEqual(key);

    await call(page, 'tamper', kind, 'largest value');
    expect(await call(page, 'readCodes', kind)).toEqual(['store-tampered']);
    await page.reload();
    const damaged = await call(page, 'open', kind, 'examples');
    expect(damaged.labels.filter((label) => label === undefined)).toHaveLength(1);
    expect(damaged.notices).toEqual([expect.stringContaining('cannot be read')]);

    const { afterProfile, ...left } = await call(page, 'destroyAll', kind);
    expect(afterProfile, 'the two records of the key').toBe(kind === 'opfs' ? 4 : 6);
    expect(left).toEqual({ values: 0, keys: 0 });

    await page.reload();
    expect(await call(page, 'open', kind, 'examples')).toMatchObject({ ids: [], current: 0 });
    await call(page, 'tamper', kind, 'record of the key');
    expect(await call(page, 'readCodes', kind), 'mended from the other').toEqual([]);
    await call(page, 'tamper', kind, 'both records of the key');
    expect(await call(page, 'readCodes', kind)).toEqual(['store-tampered']);
  });
}

test('a page without a secure context is refused encryption by code, and keeps a profile without it', async ({
  playwright,
  serveDist,
}) => {
  const url = new URL(await servePages(serveDist));
  // Any other name than localhost, over http, is not secure.
  const resolver = '--host-resolver-rules=MAP limbeck.test 127.0.0.1';
  const browser = await playwright.chromium.launch({
    executablePath: ensureChromium(),
    args: [...CHROMIUM_ARGS, resolver],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://limbeck.test:${url.port}${url.pathname}`);
    expect(await call(page, 'withoutSecureContext')).toEqual({
      isSecure: false,
      code: 'crypto-unavailable',
      keys: [],
      kind: 'indexeddb',
      examples: 12,
    });
  } finally {
    await browser.close();
  }
});
