import { afterEach, expect, test, vi } from 'vitest';
import { hasWebGpuFiles, webGpuFile } from '../core/webgpuFiles.ts';
import { loadTeacher } from './onnx.ts';

afterEach(() => vi.unstubAllGlobals());

test('without limbeck/webgpu a GPU that is asked for by name is refused before anything is fetched', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => asked.push(url));
  for (const device of ['webgpu', 'webnn'] as const) {
    await expect(loadTeacher('https://page.example/model.onnx', { device }).done).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringContaining("import 'limbeck/webgpu'"),
    });
  }
  expect(asked).toEqual([]);
  expect(() => webGpuFile('ort.webgpu.min.mjs')).toThrow(expect.objectContaining({ code: 'backend-unavailable' }));
  expect([hasWebGpuFiles(), hasWebGpuFiles('/limbeck/')]).toEqual([false, true]);
});
