import type { Page } from '@playwright/test';
import { bundle, expect, test } from './fixtures.ts';

type OwnModel = typeof import('./pages/ownModel.ts');

async function openOwnModel(page: Page, serveDist: (options: object) => Promise<string>, options = {}) {
  const body = await bundle('pages/ownModel.ts');
  const url = await serveDist({ ...options, extra: { '/own-model.js': { type: 'text/javascript', body } } });
  await page.goto(`${url}/empty.html`);
}

test('a page’s own LayersModel is trained in the worker and gets its weights back', async ({ page, serveDist }) => {
  await openOwnModel(page, serveDist);
  const result = await page.evaluate(async () => {
    const script = '/own-model.js';
    return ((await import(script)) as OwnModel).trainOwn();
  });
  expect(result.hasChanged).toBe(true);
  expect(result.accuracyInReport).toBeGreaterThan(0.9);
  expect(result.accuracyHere).toBeGreaterThan(0.9);
  expect(result.tensorsLeft).toBe(0);
});

for (const [isIsolated, threads] of [
  [false, 1],
  [true, 2],
] as const) {
  test(`in a worker and inline, ${threads} thread(s): the same student and the same events`, async ({
    page,
    serveDist,
  }) => {
    await openOwnModel(page, serveDist, { isIsolated });
    const { worker, inline } = await page.evaluate(async (count) => {
      const script = '/own-model.js';
      return ((await import(script)) as OwnModel).trainTwice(count);
    }, threads);
    expect(worker.backend.threads).toBe(threads);
    expect(inline.backend).toEqual(worker.backend);
    expect(inline.events).toEqual(worker.events);
    expect(inline.weights === worker.weights, 'weights are equal bit for bit').toBe(true);
  });
}

test('a private run draws the same noise in a worker as here from the same seed, and another from none', async ({
  page,
  serveDist,
}) => {
  await openOwnModel(page, serveDist);
  const { worker, inline, fresh } = await page.evaluate(async () => {
    const script = '/own-model.js';
    return ((await import(script)) as OwnModel).personalizePrivately();
  });
  expect(worker).toMatchObject({ noise: 'given', backend: 'wasm' });
  expect(worker.epsilon).toBeCloseTo(3, 4);
  expect(inline).toEqual(worker);
  expect(fresh).toMatchObject({ noise: 'fresh', epsilon: worker.epsilon });
  expect(fresh.numbers).not.toBe(worker.numbers);
});
