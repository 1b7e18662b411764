import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { fileAddress, filePath, isInstalled, isNode, nodeModule, nodePackage, parentPort } from './node.ts';

afterEach(() => void vi.unstubAllGlobals());

describe('in Node', () => {
  test('its modules are there, and its packages', () => {
    expect(isNode()).toBe(true);
    expect(nodeModule<typeof import('node:path')>('path')?.sep).toBe(process.platform === 'win32' ? '\\' : '/');
    expect(nodePackage('onnxruntime-web', import.meta.url)).toHaveProperty('InferenceSession');
    expect(nodePackage('no-such-package-here', import.meta.url)).toBeUndefined();
    expect(['comlink', 'no-such-package-here'].map((name) => isInstalled(name, import.meta.url))).toEqual([
      true,
      false,
    ]);
    // The main thread of this test's process.
    expect(parentPort()).toBeUndefined();
  });

  test.each(['model.onnx', './a b/100%.onnx', '/models/a#b?.onnx', 'é.onnx'])('the path %s has an address', (path) => {
    const address = fileAddress(path);
    expect(address).toBe(pathToFileURL(path).href);
    expect(filePath(address as string)).toBe(process.getBuiltinModule('node:path').resolve(path));
  });

  test.each(['https://a/b', 'data:,x', 'blob:nodedata:1', 'file:///a', ''])('%s is no path', (address) => {
    expect(fileAddress(address)).toBeUndefined();
  });

  test('what is no file has no path', () => expect(filePath('https://a/b')).toBeUndefined());
});

test.each([
  ['a browser', undefined],
  ['a browser whose bundler gave it a process', { env: {}, versions: { node: '' } }],
  ['a page of Electron', { type: 'renderer', getBuiltinModule: () => ({}) }],
])('%s is not Node', (_what, given) => {
  vi.stubGlobal('process', given);
  expect([isNode(), nodeModule('fs'), fileAddress('a'), filePath('file:///a'), parentPort()]).toEqual([
    false,
    ...Array(4).fill(undefined),
  ]);
});
