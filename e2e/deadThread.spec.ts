// A trainer's thread dies: the run ends with a code, and the next one runs with one thread less.
import { bundle, expect, livingWorkers, test } from './fixtures.ts';

for (const how of ['trap', 'silence'] as const) {
  test(`a kernel thread that ends by ${how} ends the run, and the next has one less`, async ({ page, serveDist }) => {
    const body = await bundle('pages/deadThread.ts');
    const url = await serveDist({ extra: { '/dead-thread.js': { type: 'text/javascript', body } } });
    await page.goto(`${url}/empty.html`);
    const result = await page.evaluate(async (how) => {
      const script = '/dead-thread.js';
      const { trainWithout } = (await import(script)) as typeof import('./pages/deadThread.ts');
      return trainWithout(how);
    }, how);
    expect(result.threads).toBe(2);
    expect(result.first.code, result.first.message).toBe('thread-died');
    expect(result.second.code).toBeUndefined();
    // Silence comes in the middle of the first run's steps, a trap with the helper's first part, maybe before there are weights.
    const told = 'One of 2 threads died, so training goes on with 1.';
    expect(result.second.notices).toContain(told);
    expect([result.kept !== undefined || how === 'trap', result.areFinite]).toEqual([true, true]);
    await expect.poll(() => livingWorkers(page)).toBe(0);
  });
}
