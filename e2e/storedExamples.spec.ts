import { CHROMIUM_ARGS, ensureChromium } from '../scripts/ensure.mjs';
import { isLong } from '../scripts/isLong.mjs';
import { bundle, expect, test } from './fixtures.ts';

// A measurement of memory collects first, at once.
const args = [...CHROMIUM_ARGS, '--enable-blink-features=ForceEagerMeasureMemory'];
test.use({ launchOptions: { executablePath: ensureChromium(), args } });

test('a run over 100,000 stored pictures holds no more memory than one over 10,000', async ({ page, serveDist }) => {
  test.skip(!isLong, 'It stores 78 MB and trains on them; LIMBECK_SLOW=1 runs it.');
  test.setTimeout(900_000);
  const body = await bundle('pages/storedExamples.ts');
  const url = await serveDist({ isIsolated: true, extra: { '/stored.js': { type: 'text/javascript', body } } });
  const train = async (count: number) => {
    await page.goto(`${url}/empty.html`);
    return page.evaluate(
      async ([script, given]) =>
        ((await import(script)) as typeof import('./pages/storedExamples.ts')).trainStored(given),
      ['/stored.js', count] as const,
    );
  };
  const [few, many] = [await train(10_000), await train(100_000)];
  expect([few.size, many.size]).toEqual([10_000, 100_000]);
  expect([few.kind, many.kind]).toEqual(['opfs', 'opfs']);
  expect(many.loss).toBeLessThan(0.1);
  const [ofFew = 0, ofMany = Number.POSITIVE_INFINITY] = [few.held[0], many.held[0]];
  expect(ofFew).toBeGreaterThan(1e6);
  // The order of the examples and what is known of each take a few bytes an example; the pictures would be 70 MB more.
  expect(ofMany - ofFew).toBeLessThan(8e6);
});
