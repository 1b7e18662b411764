import { bundle, collectErrors, expect, livingWorkers, test } from './fixtures.ts';

for (const isIsolated of [true, false]) {
  test(`language models write in a worker: ${isIsolated ? 'isolated' : 'not isolated'}`, async ({
    page,
    serveDist,
  }) => {
    const errors = collectErrors(page);
    const body = await bundle('pages/generate.ts');
    const url = await serveDist({ isIsolated, extra: { '/generate.js': { type: 'text/javascript', body } } });
    await page.goto(`${url}/empty.html`);
    await page.addScriptTag({ url: '/generate.js', type: 'module' });
    await page.waitForFunction(() => 'generatePage' in window);
    const trainers = () => page.workers().filter((worker) => worker.url().endsWith('/worker.js')).length;

    for (const design of ['decoder', 'recurrentDecoder'] as const) {
      const { likeliest, inWorker, again, here, texts } = await page.evaluate(
        (of) => window.generatePage.writes(of),
        design,
      );
      // It has learned its texts, so this is no noise.
      expect(likeliest).toBe('defgh');
      expect(texts).toEqual(['bcdefgh', 'efgh']);
      expect(new Set(inWorker).size).toBeGreaterThan(1);
      expect(again).toEqual(inWorker);
      expect(here).toEqual(inWorker);
      expect(trainers()).toBe(1);
    }
    // A decoder would end by itself, at its length.
    const ended = await page.evaluate(() => window.generatePage.ends('recurrentDecoder'));
    expect(ended).toEqual({ seen: 3, name: 'AbortError', left: 3, isSame: true });
    expect(trainers()).toBe(1);

    await page.evaluate(() => window.generatePage.release());
    await expect.poll(() => livingWorkers(page)).toBe(0);
    expect(errors).toEqual([]);
  });
}
