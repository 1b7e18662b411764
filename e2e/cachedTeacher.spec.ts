import { bundle, expect, test } from './fixtures.ts';

type CachePage = typeof import('./pages/cachedTeacher.ts');
type Options = Parameters<CachePage['askAll']>[0];

for (const kind of ['opfs', 'indexeddb'] as const) {
  test(`${kind}: after a reload, and after a crash, the teacher is asked nothing`, async ({ page, serveDist }) => {
    const body = await bundle('pages/cachedTeacher.ts');
    const url = await serveDist({ extra: { '/cached.js': { type: 'text/javascript', body } } });
    const visit = async (options: Omit<Options, 'kind'>) => {
      await page.goto(`${url}/empty.html`);
      return page.evaluate(
        async (given) => {
          const script = '/cached.js';
          return ((await import(script)) as CachePage).askAll(given);
        },
        { ...options, kind },
      );
    };
    expect(await visit({ precision: 'float32', stride: 1, isCrashing: true })).toMatchObject({
      computed: 1000,
      error: 0,
    });
    const again = await visit({ precision: 'float32', stride: 387 });
    expect(again).toEqual({ computed: 0, error: 0, notices: [], usage: { calls: 0, computed: 0, found: 1000 } });
    // No room in memory: rows are read one by one.
    const small = await visit({ precision: 'float32', stride: 7, memoryBytes: 1000 });
    expect(small).toMatchObject({ computed: 0, error: 0, notices: [] });

    expect(await visit({ precision: 'float16', stride: 1 })).toMatchObject({ computed: 1000, notices: [] });
    const coarser = await visit({ precision: 'float16', stride: 387 });
    expect(coarser).toMatchObject({ computed: 0, notices: [] });
    // Values within ±10 are rounded by at most half of 2^-7.
    expect(coarser.error).toBeGreaterThan(0);
    expect(coarser.error).toBeLessThanOrEqual(2 ** -8);
  });
}
