import { bundle, collectErrors, expect, livingWorkers, test } from './fixtures.ts';

for (const isIsolated of [true, false]) {
  test(`runs of a page share one trainer: ${isIsolated ? 'isolated' : 'not isolated'}`, async ({ page, serveDist }) => {
    const body = await bundle('pages/pageTrainer.ts');
    const url = await serveDist({ isIsolated, extra: { '/page-trainer.js': { type: 'text/javascript', body } } });
    const errors = collectErrors(page);
    await page.goto(`${url}/empty.html`);
    await page.addScriptTag({ url: '/page-trainer.js', type: 'module' });
    await page.waitForFunction(() => 'pageTrainer' in window);
    const trainers = () => page.workers().filter((worker) => worker.url().endsWith('/worker.js')).length;

    const { first, second, isEqual } = await page.evaluate(() => window.pageTrainer.twoRuns());
    expect(first.join()).not.toContain('Another run');
    expect(second.join()).toContain('Another run has the trainer of this page');
    expect(isEqual).toBe(true);
    expect(trainers()).toBe(1);

    const beside = await page.evaluate(() => window.pageTrainer.predictsBesideARun());
    expect(beside).toEqual({ answers: 3, waited: 'AbortError', ended: 'AbortError' });
    expect(trainers()).toBe(1);

    await page.evaluate(() => window.pageTrainer.release());
    await expect.poll(() => livingWorkers(page)).toBe(0);
    // A trainer of one's own is gone with all that it started, each time.
    for (let round = 0; round < 5; round++) {
      const cores = await page.evaluate(() => Math.min(4, navigator.hardwareConcurrency));
      expect(await page.evaluate(() => window.pageTrainer.own())).toBe(isIsolated ? cores : 1);
      await expect.poll(() => page.workers().length).toBe(0);
    }
    expect(errors).toEqual([]);
  });
}
