import { isLong } from '../scripts/isLong.mjs';
import { call, GPU_FILES, openPage } from './devicesPage.ts';
import { expect, livingWorkers, SOFTWARE_GPU, test } from './fixtures.ts';

test.use({ launchOptions: SOFTWARE_GPU });

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));
}

test('a teacher on WebGPU gives what it gives on wasm', async ({ page, serveDist }) => {
  test.skip(!isLong, 'A GPU in software is slow, and another teaches there in any run; LIMBECK_SLOW=1 runs it.');
  const asked = await openPage(page, serveDist);
  const onWasm = await call(page, 'askOnce', { device: 'wasm', batchSize: 2 });
  expect(asked.filter((url) => GPU_FILES.test(url))).toEqual([]);
  const onGpu = await call(page, 'askOnce', { device: 'webgpu', batchSize: 2 });
  expect(onGpu.description).toMatchObject({ device: 'webgpu', batchSize: 2 });
  expect(asked.filter((url) => GPU_FILES.test(url)).length).toBeGreaterThan(0);
  expect(onGpu.description.notices.join()).toContain('runs in software');
  expect(largestDifference(onGpu.answers, onWasm.answers)).toBeLessThan(1e-3);
  await expect.poll(() => livingWorkers(page)).toBe(0);
});

test('left to itself it stays on the processor there', async ({ page, serveDist }) => {
  const asked = await openPage(page, serveDist);
  const { description } = await call(page, 'askOnce', { device: 'auto' });
  expect(description).toMatchObject({
    device: expect.stringMatching(/^(wasm|kernels)$/),
    why: expect.stringContaining('runs in software'),
  });
  expect(asked.filter((url) => GPU_FILES.test(url))).toEqual([]);
});

test('a GPU that is lost costs no batch: wasm answers', async ({ page, serveDist }) => {
  test.skip(!isLong, 'A GPU in software takes 40 s for it; LIMBECK_SLOW=1 runs it.');
  await openPage(page, serveDist);
  const { device, told, answers, description, usage } = await call(page, 'loseGpu');
  expect([device, description.device]).toEqual(['webgpu', 'wasm']);
  expect(told).toEqual([expect.stringMatching(/GPU was lost.*runs on wasm from now on/)]);
  expect(answers.map((answer) => answer.length)).toEqual([4, 4]);
  expect(answers.flat().every(Number.isFinite)).toBe(true);
  expect(usage).toEqual({ calls: 3, computed: 6, found: 0 });
});
