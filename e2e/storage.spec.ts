import { bundle, expect, test } from './fixtures.ts';

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
