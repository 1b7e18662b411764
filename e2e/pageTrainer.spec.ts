import type { Page } from '@playwright/test';
import { bundle, collectErrors, expect, livingWorkers, test } from './fixtures.ts';

const open = async (page: Page, serveDist: Serve, isIsolated: boolean) => {
  const body = await bundle('pages/pageTrainer.ts');
  const url = await serveDist({ isIsolated, extra: { '/page-trainer.js': { type: 'text/javascript', body } } });
  await page.goto(`${url}/empty.html`);
  await page.addScriptTag({ url: '/page-trainer.js', type: 'module' });
  await page.waitForFunction(() => 'pageTrainer' in window);
};

type Serve = (options: {
  isIsolated: boolean;
  extra: Record<string, { type: string; body: string }>;
}) => Promise<string>;

/** The page's locks: each worker and each helper holds one until its global scope has ended (see `livingWorkers`). */
const heldLocks = (page: Page) => page.evaluate(async () => (await navigator.locks.query()).held?.length);

for (const isIsolated of [true, false]) {
  test(`runs of a page share one trainer: ${isIsolated ? 'isolated' : 'not isolated'}`, async ({ page, serveDist }) => {
    const errors = collectErrors(page);
    await open(page, serveDist, isIsolated);
    const trainers = () => page.workers().filter((worker) => worker.url().endsWith('/worker.js')).length;

    const { first, second, isEqual } = await page.evaluate(() => window.pageTrainer.twoRuns());
    expect(first.join()).not.toContain('Another run');
    expect(second.join()).toContain('Another run uses the trainer of this page');
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
      await expect.poll(() => heldLocks(page)).toBe(0);
    }
    expect(errors).toEqual([]);
  });
}

test.describe('on an iPhone', () => {
  test.use({
    userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1',
  });

  test('one thread and small batches are used, and the trainer ends when the page is hidden', async ({
    page,
    serveDist,
  }) => {
    await open(page, serveDist, true);
    const { told, ofTeacher, ofStudent, ...threads } = await page.evaluate(() => window.pageTrainer.smallDevice());
    for (const notices of [told, ofTeacher, ofStudent]) expect(notices.join()).toContain('iOS ends pages');
    expect(threads).toEqual({ threads: 1, askedFor: 2, studentThreads: 1 });
    await expect.poll(() => livingWorkers(page)).toBe(1);
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await expect.poll(() => livingWorkers(page)).toBe(0);
  });
});

test('a session on two threads makes as many workers as it uses, and leaves none', async ({ page, serveDist }) => {
  const made: string[] = [];
  page.on('worker', (worker) => made.push(worker.url()));
  const errors = collectErrors(page);
  await open(page, serveDist, true);
  // A worker and one helper each for the trainer, which all of it shares, and for the teacher.
  expect(await page.evaluate(() => window.pageTrainer.session())).toEqual({
    device: 'kernels',
    workers: 2,
    threads: 2,
  });
  // With them: a helper that is tried in each of these two, and the session on wasm, with its helper, that the kernels are
  // held against.
  expect(made.length).toBeGreaterThanOrEqual(6);
  expect(made.length, made.join(', ')).toBeLessThanOrEqual(8);
  await expect.poll(() => heldLocks(page)).toBe(0);
  expect(errors).toEqual([]);
});
