import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { fileAddress, filePath, installedVersion, isNode, nodeModule, nodePackage, parentPort } from './node.ts';

afterEach(() => void vi.unstubAllGlobals());

describe('in Node', () => {
  test('its modules are there, and its packages', () => {
    expect(isNode()).toBe(true);
    expect(nodeModule<typeof import('node:path')>('path')?.sep).toBe(process.platform === 'win32' ? '\\' : '/');
    expect(nodePackage('onnxruntime-web', import.meta.url)).toHaveProperty('InferenceSession');
    expect(nodePackage('no-such-package-here', import.meta.url)).toBeUndefined();
    // The main thread of this test's process.
    expect(parentPort()).toBeUndefined();
  });

  test('the version of what is installed is read without loading it, from the nearest folder that has it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'limbeck-node-'));
    const put = (name: string, text: string) => {
      mkdirSync(join(folder, 'node_modules', name), { recursive: true });
      writeFileSync(join(folder, 'node_modules', name, 'package.json'), text);
    };
    try {
      // It exports nothing, and has no code that could be loaded.
      put('@some/one', '{ "name": "@some/one", "version": "1.22.0", "exports": {} }');
      put('renamed', '{ "name": "@some/one", "version": "1.22.0" }');
      put('broken', '{');
      mkdirSync(join(folder, 'inner'));
      const versionOf = (name: string) => installedVersion(name, pathToFileURL(join(folder, 'inner/x.js')).href);
      expect(versionOf('@some/one')).toBe('1.22.0');
      expect(['renamed', 'broken', 'none'].map(versionOf)).toEqual([undefined, undefined, undefined]);
    } finally {
      rmSync(folder, { recursive: true });
    }
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
