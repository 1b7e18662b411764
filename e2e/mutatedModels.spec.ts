import { fileURLToPath } from 'node:url';
import { isLong } from '../scripts/isLong.mjs';
import { bundle, expect, livingWorkers, test } from './fixtures.ts';

const wakeWord = fileURLToPath(new URL('../node_modules/openwakeword-js/models/hello_deepa.onnx', import.meta.url));

/** Files a source, and how many of them pass the check and so reach onnxruntime; in Node the check sees thousands. */
const [COUNT, CHECKED] = isLong ? [40, 30] : [10, 7];
const SOURCES = ['tinyBranches', ...(isLong ? ['/wakeWord.onnx', 'tinyClassifier', 'tinyFunction'] : [])];
/** A second, and room for a machine that is busy with something else. */
const LIMIT_MS = 10_000;

for (const source of SOURCES) {
  test(`${COUNT} mutations of ${source} load or end in a typed error`, async ({ page, serveDist }) => {
    const body = await bundle('pages/mutatedModels.ts');
    const url = await serveDist({ extra: { '/mutated.js': { type: 'text/javascript', body } } });
    await page.route('**/wakeWord.onnx', (route) => route.fulfill({ path: wakeWord }));
    await page.goto(`${url}/empty.html`);
    const load = (options: { from?: number; count: number; checked: number; limitMs: number }) =>
      page.evaluate(
        async ([one, given]) => {
          const script = '/mutated.js';
          const { loadMutated } = (await import(script)) as typeof import('./pages/mutatedModels.ts');
          return loadMutated(one, given);
        },
        [source, options] as const,
      );
    const client = await page.context().newCDPSession(page);
    const heapBytes = async () => {
      await client.send('HeapProfiler.collectGarbage');
      return (await client.send('Runtime.getHeapUsage')).usedSize;
    };
    // The first ones compile and cache what all others use.
    await load({ from: 100_000, count: 4, checked: 2, limitMs: 60_000 });
    const before = await heapBytes();

    const outcomes = await load({ count: COUNT, checked: CHECKED, limitMs: LIMIT_MS });
    expect(outcomes.filter(({ end }) => end === 'hung' || end === 'not typed')).toEqual([]);
    expect(outcomes.filter(({ isChecked, end }) => !isChecked && end !== 'refused')).toEqual([]);
    expect(outcomes).toHaveLength(COUNT);
    const loaded = outcomes.filter(({ end }) => end === 'loaded').length;
    expect(loaded).toBeGreaterThan(CHECKED / 4);
    // Outputs that are no numbers, such as strings, are another fault than a broken file.
    const codes = new Set(outcomes.flatMap(({ error }) => error ?? []));
    expect([...codes].filter((code) => code !== 'unknown-output')).toEqual(['invalid-onnx']);

    // The page is alive, no worker is left, and nothing is kept of a file that was refused.
    expect(await page.evaluate(() => 1 + 1)).toBe(2);
    await expect.poll(() => livingWorkers(page)).toBe(0);
    expect((await heapBytes()) - before).toBeLessThan(5e6);
    const times = outcomes.map(({ ms }) => ms).sort((a, b) => a - b);
    test.info().annotations.push({
      type: 'times',
      description: `${loaded} loaded, median ${times[COUNT >> 1]?.toFixed(0)} ms, longest ${times.at(-1)?.toFixed(0)} ms`,
    });
  });
}
