import { isLong } from '../scripts/isLong.mjs';
import { bundle, collectErrors, expect, livingWorkers, test } from './fixtures.ts';

// All on two threads in the long run, and some on one, else some on two: the place differs, not the scheme.
const PLACES: readonly (readonly [isIsolated: boolean, threads: number, every: number, count: number])[] = isLong
  ? [
      [false, 1, 2, 5],
      [true, 2, 1, 10],
    ]
  : [[true, 2, 2, 5]];

for (const [isIsolated, threads, every, count] of PLACES) {
  test(`schemes teach digits in the worker, on ${threads} thread(s)`, async ({ page, serveDist }) => {
    const body = await bundle('pages/schemes.ts');
    const url = await serveDist({ isIsolated, extra: { '/schemes.js': { type: 'text/javascript', body } } });
    const errors = collectErrors(page);
    await page.goto(`${url}/empty.html`);
    await page.addScriptTag({ url: '/schemes.js', type: 'module' });
    await page.waitForFunction(() => 'runSchemes' in window);
    const result = await page.evaluate((given) => window.runSchemes(...given), [threads, every] as const);
    expect(result.worker.threads).toBe(threads);
    expect(result.teacher.accuracy).toBeGreaterThan(0.85);
    expect(result.teacher.reported).toBeCloseTo(result.teacher.accuracy as number, 6);
    expect(Object.keys(result.accuracies)).toHaveLength(count);
    for (const [name, accuracy] of Object.entries(result.accuracies)) expect(accuracy, name).toBeGreaterThan(0.75);
    expect(result.control).toMatchObject({ isPossible: true, examples: 1500 });
    expect(result.control?.holdout['accuracy']).toBeGreaterThan(0.7);
    // The optimizer and the models of each run are gone.
    expect(result.tensors[1]).toBe(result.tensors[0]);
    await expect.poll(() => livingWorkers(page)).toBe(0);
    expect(errors).toEqual([]);
  });
}
