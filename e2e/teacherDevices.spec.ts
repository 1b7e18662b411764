import { isLong } from '../scripts/isLong.mjs';
import { call, GPU_FILES, openPage } from './devicesPage.ts';
import { expect, livingWorkers, test } from './fixtures.ts';

test('what was measured is kept over a reload, and is not measured again', async ({ page, serveDist }) => {
  test.skip(!isLong, 'It measures two engines, and unit tests keep what is found; LIMBECK_SLOW=1 runs it.');
  const asked = await openPage(page, serveDist);
  const first = await call(page, 'askWithStore', { device: 'auto' }, true);
  expect(first.before.batchSize).toBeUndefined();
  expect(first.description).toMatchObject({ device: 'kernels', batchSize: expect.any(Number) });
  expect(first.description.why).toMatch(/WebGPU.* m?s an example at \d+ at a time/);
  await page.reload();
  const second = await call(page, 'askWithStore', { device: 'auto' }, false);
  expect(second.before).toEqual(first.description);
  // What it was asked since is timed too, so only what the engine alone can change must be as it was.
  const measured = ({ why = '', device }: typeof second.description) => ({ device, challengers: why.split(' On ')[0] });
  expect(measured(second.description)).toEqual(measured(first.description));
  expect(second.keys).toEqual(first.keys);
  expect(asked.filter((url) => GPU_FILES.test(url))).toEqual([]);
  await expect.poll(() => livingWorkers(page)).toBe(0);
});

test('where the browser has no WebGPU the teacher runs on wasm, and says why', async ({ page, serveDist }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }));
  await openPage(page, serveDist);
  const wanted = await call(page, 'askOnce', { device: 'webgpu' });
  expect(wanted.description).toMatchObject({ device: 'wasm', why: expect.stringContaining('no WebGPU here') });
  expect(wanted.description.notices.join()).toContain('It runs on wasm');
  const auto = await call(page, 'askOnce', { device: 'auto' });
  expect(auto.description).toMatchObject({ device: expect.stringMatching(/^(wasm|kernels)$/), notices: [] });
  const webnn = await call(page, 'askOnce', { device: 'webnn' });
  expect(webnn.description.notices.join()).toContain('no WebNN here');
  expect(webnn.answers).toEqual(wanted.answers);
});

test('without isolation the teacher runs on one thread, and says why', async ({ page, serveDist }) => {
  await openPage(page, serveDist, false);
  const { description } = await call(page, 'askOnce', { batchSize: 2 });
  expect(description).toMatchObject({ threads: 1, notices: [expect.stringContaining('not cross-origin isolated')] });
});

test('batches that wait when the worker is killed are answered by the next', async ({ page, serveDist }) => {
  await openPage(page, serveDist);
  await call(page, 'beginAsking', 40);
  const teacher = page.workers().find((worker) => worker.url().endsWith('/worker.js'));
  await teacher?.evaluate(() => self.close()).catch(() => undefined);
  const { answers, alone, told, usage } = await call(page, 'endAsking');
  expect(answers).toEqual(alone);
  expect(told).toEqual([expect.stringMatching(/worker died.*it was started again/)]);
  expect(usage.computed).toBe(2 * (1 + 2 * answers.length));
  expect(await livingWorkers(page)).toBe(1);
});
