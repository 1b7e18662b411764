import { expect, test } from 'vitest';
import type { FoundGpu } from '../../runtime/ortDevices.ts';
import { planDevices } from './devices.ts';

const real: FoundGpu = { name: 'vendor model', isSoftware: false };
const software: FoundGpu = { name: 'played', isSoftware: true };
const none: FoundGpu = { name: 'none', isSoftware: false, obstacle: 'No GPU.' };
const platform = (gpu: FoundGpu, webnn?: string) => ({ findGpu: async () => gpu, webnnObstacle: () => webnn });

test('auto begins on wasm and tries a real GPU against it', async () => {
  const plan = await planDevices('auto', platform(real));
  expect(plan).toMatchObject({ first: 'wasm', challenger: 'webgpu', gpuName: 'vendor model', notices: [] });
});

test.each([
  [none, 'No GPU.'],
  [software, 'slower than wasm'],
])('auto does not measure where there is nothing to choose', async (gpu, reason) => {
  const plan = await planDevices('auto', platform(gpu));
  expect(plan).toMatchObject({ first: 'wasm', notices: [] });
  expect(plan.challenger).toBeUndefined();
  expect(plan.reasons.join()).toContain(reason);
});

test('wasm asks for no GPU', async () => {
  const asked = { findGpu: () => expect.unreachable('it was asked'), webnnObstacle: () => undefined };
  expect(await planDevices('wasm', asked)).toMatchObject({ first: 'wasm', reasons: ['wasm was asked for.'] });
});

test('webgpu is taken where it is, even in software, with a notice', async () => {
  expect(await planDevices('webgpu', platform(real))).toMatchObject({ first: 'webgpu', notices: [] });
  const plan = await planDevices('webgpu', platform(software));
  expect(plan).toMatchObject({ first: 'webgpu', notices: [expect.stringContaining('slower than wasm')] });
});

test('webgpu that is missing becomes wasm, with the reason', async () => {
  const plan = await planDevices('webgpu', platform(none));
  expect(plan).toMatchObject({ first: 'wasm', reasons: ['No GPU.'], notices: [expect.stringContaining('No GPU.')] });
});

test('webnn is taken where it is; else the next best is found as auto finds it', async () => {
  expect((await planDevices('webnn', platform(real))).first).toBe('webnn');
  const plan = await planDevices('webnn', platform(real, 'No WebNN.'));
  expect(plan).toMatchObject({ first: 'wasm', challenger: 'webgpu', notices: [expect.stringContaining('No WebNN.')] });
});

test('without WebGPU the real platform answers with a sentence', async () => {
  expect((await planDevices('auto')).reasons).toEqual(['This browser offers no WebGPU here.']);
});
