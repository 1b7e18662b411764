import { availableParallelism } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { detectCapabilities, detectWasm } from './capabilities.ts';

afterEach(() => void vi.unstubAllGlobals());

const withGpu = (requestAdapter: () => Promise<unknown>) =>
  vi.stubGlobal('navigator', { hardwareConcurrency: 3, gpu: { requestAdapter } });

test('a browser that has the interface, and no adapter, has no WebGPU', async () => {
  withGpu(async () => null);
  const { hasWebGpu, gpuName, why } = await detectCapabilities();
  expect([hasWebGpu, gpuName]).toEqual([false, undefined]);
  expect(why['webgpu']).toBe('WebGPU found no adapter on this device.');
});

test('an adapter is named as far as the browser names it, and one that a processor plays is told', async () => {
  withGpu(async () => ({ info: { vendor: 'maker', architecture: 'new' } }));
  expect(await detectCapabilities()).toMatchObject({ hasWebGpu: true, gpuName: 'maker new', cores: 3 });
  withGpu(async () => ({ isFallbackAdapter: true, info: {} }));
  const { hasWebGpu, gpuName, why } = await detectCapabilities();
  expect([hasWebGpu, gpuName]).toEqual([true, 'unnamed']);
  expect(why['webgpu']).toContain('runs in software');
});

test('without WebGPU, and outside a page, it says so', async () => {
  vi.stubGlobal('navigator', {});
  expect((await detectCapabilities()).why['webgpu']).toBe('This browser offers no WebGPU here.');
  vi.stubGlobal('navigator', undefined);
  expect(await detectCapabilities()).toMatchObject({ hasWebGpu: false, hasOpfs: false, cores: availableParallelism() });
});

test('where only WebAssembly is asked about, no GPU is woken', async () => {
  const requestAdapter = vi.fn(async () => null);
  withGpu(requestAdapter);
  expect(await detectWasm()).toMatchObject({ cores: 3, simdLevel: expect.any(String) });
  expect(requestAdapter).not.toHaveBeenCalled();
});
