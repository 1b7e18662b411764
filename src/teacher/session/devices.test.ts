import { expect, test } from 'vitest';
import type { FoundGpu } from '../../runtime/ortDevices.ts';
import { planDevices } from './devices.ts';

const real: FoundGpu = { name: 'vendor model', isSoftware: false };
const software: FoundGpu = { name: 'played', isSoftware: true };
const none: FoundGpu = { name: 'none', isSoftware: false, obstacle: 'No GPU.' };
const NO_NATIVE = 'Not installed.';
const platform = (gpu: FoundGpu, webnn?: string, kernels?: string, native: string | undefined = NO_NATIVE) => ({
  findGpu: async () => gpu,
  webnnObstacle: () => webnn,
  kernelsObstacle: async () => kernels,
  nativeObstacle: () => native || undefined,
});

test('auto begins on wasm and tries the kernels and a real GPU against it', async () => {
  const plan = await planDevices('auto', { hasOwnThread: true }, platform(real));
  expect(plan).toMatchObject({
    first: 'wasm',
    challengers: ['kernels', 'webgpu'],
    gpuName: 'vendor model',
    notices: [],
  });
});

test.each([
  [none, 'No GPU.'],
  [software, 'slower than wasm'],
])('auto tries no GPU that is none', async (gpu, reason) => {
  const plan = await planDevices('auto', { hasOwnThread: true }, platform(gpu));
  expect(plan).toMatchObject({ first: 'wasm', notices: [] });
  expect(plan.challengers).toEqual(['kernels']);
  expect(plan.reasons.join()).toContain(reason);
});

test('wasm asks for no GPU', async () => {
  const asked = {
    findGpu: () => expect.unreachable('it was asked'),
    webnnObstacle: () => undefined,
    kernelsObstacle: async () => undefined,
    nativeObstacle: () => undefined,
  };
  expect(await planDevices('wasm', { hasOwnThread: true }, asked)).toMatchObject({
    first: 'wasm',
    reasons: ['wasm was asked for.'],
  });
});

test('webgpu is taken where it is, even in software, with a notice', async () => {
  expect(await planDevices('webgpu', { hasOwnThread: true }, platform(real))).toMatchObject({
    first: 'webgpu',
    notices: [],
  });
  const plan = await planDevices('webgpu', { hasOwnThread: true }, platform(software));
  expect(plan).toMatchObject({ first: 'webgpu', notices: [expect.stringContaining('slower than wasm')] });
});

test('webgpu that is missing becomes wasm, with the reason', async () => {
  const plan = await planDevices('webgpu', { hasOwnThread: true }, platform(none));
  expect(plan).toMatchObject({ first: 'wasm', reasons: ['No GPU.'], notices: [expect.stringContaining('No GPU.')] });
});

test('webnn is taken where it is; else the next best is found as auto finds it', async () => {
  expect((await planDevices('webnn', { hasOwnThread: true }, platform(real))).first).toBe('webnn');
  const plan = await planDevices('webnn', { hasOwnThread: true }, platform(real, 'No WebNN.'));
  expect(plan).toMatchObject({
    first: 'wasm',
    challengers: ['kernels', 'webgpu'],
    notices: [expect.stringContaining('No WebNN.')],
  });
});

test('without WebGPU the real platform answers with a sentence', async () => {
  expect((await planDevices('auto', { hasOwnThread: false })).reasons).toEqual(['This browser offers no WebGPU here.']);
});

test('auto tries no kernels without SIMD, nor on the page’s own thread', async () => {
  expect(
    (await planDevices('auto', { hasOwnThread: true }, platform(none, undefined, 'No SIMD.'))).challengers,
  ).toEqual([]);
  expect((await planDevices('auto', { hasOwnThread: false }, platform(real))).challengers).toEqual(['webgpu']);
});

test('the kernels are taken where they are; else they become wasm, with the reason', async () => {
  expect(await planDevices('kernels', { hasOwnThread: false }, platform(real))).toMatchObject({
    first: 'kernels',
    challengers: [],
  });
  const plan = await planDevices('kernels', { hasOwnThread: true }, platform(real, undefined, 'No SIMD.'));
  expect(plan).toMatchObject({ first: 'wasm', challengers: [], notices: [expect.stringContaining('No SIMD.')] });
});

test('onnxruntime-node is tried against wasm where it is installed, taken where it is asked for, and else wasm, with the reason', async () => {
  const installed = platform(none, undefined, undefined, '');
  expect((await planDevices('auto', { hasOwnThread: true }, installed)).challengers).toEqual(['native', 'kernels']);
  expect(await planDevices('native', { hasOwnThread: true }, installed)).toMatchObject({
    first: 'native',
    notices: [],
  });
  const plan = await planDevices('native', { hasOwnThread: true }, platform(none));
  expect(plan).toMatchObject({ first: 'wasm', reasons: [NO_NATIVE], notices: [expect.stringContaining(NO_NATIVE)] });
});

test('without limbeck/webgpu auto leaves a real GPU out and says why, and tells what else is missing first', async () => {
  const place = { hasOwnThread: true, hasGpuFiles: false };
  const plan = await planDevices('auto', place, platform(real));
  expect(plan).toMatchObject({ first: 'wasm', challengers: ['kernels'], notices: [] });
  expect(plan.reasons).toEqual(["WebGPU is not tried, because this page does not import 'limbeck/webgpu'."]);
  expect((await planDevices('auto', place, platform(none))).reasons).toEqual(['No GPU.']);
});
