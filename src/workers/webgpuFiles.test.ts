// The page's files for WebGPU, told to its workers before they are asked for anything.
import { afterEach, expect, test, vi } from 'vitest';
import { addWebGpuFiles, type WebGpuFiles, webGpuFile } from '../core/webgpuFiles.ts';
import { serve } from './serve.ts';
import { started } from './workerCases.ts';

const files: WebGpuFiles = {
  'ort.webgpu.min.mjs': 'https://page.example/ort.webgpu.min.mjs',
  'ort-wasm-simd-threaded.asyncify.mjs': 'https://page.example/ort.mjs',
  'ort-wasm-simd-threaded.asyncify.wasm': 'https://page.example/ort.wasm',
  'tfjs-backend-webgpu.js': 'https://page.example/tfjs.js',
};

afterEach(() => vi.unstubAllGlobals());

test('a worker that was started before is told with the next call, and once', async () => {
  const { worker, host } = await started();
  const sent = vi.spyOn(worker, 'postMessage');
  const told = () => sent.mock.calls.map(([message]) => message).filter((message) => 'limbeck' in (message as object));
  await host.call((remote) => remote.double(1));
  expect(told()).toEqual([]);
  addWebGpuFiles(files);
  await host.call((remote) => remote.double(1));
  await host.call((remote) => remote.double(1));
  expect(told()).toEqual([{ limbeck: 'webgpu', files }]);
});

test('a worker keeps what its page tells', () => {
  const scope = new EventTarget();
  vi.stubGlobal('postMessage', () => undefined);
  vi.stubGlobal('addEventListener', scope.addEventListener.bind(scope));
  serve({});
  const other = { ...files, 'tfjs-backend-webgpu.js': 'https://other.example/tfjs.js' };
  for (const data of [undefined, { limbeck: 'webgpu' }, { limbeck: 'webgpu', files: other }]) {
    scope.dispatchEvent(new MessageEvent('message', { data }));
  }
  expect(webGpuFile('tfjs-backend-webgpu.js')).toBe('https://other.example/tfjs.js');
});
