// onnxruntime's script on another origin, under Trusted Types: threads start from a blob of it, and from no other.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

vi.mock('./importScript.ts', () => ({ importScript: async () => ({ env: { wasm: {} } }) }));
vi.mock('./capabilities.ts', () => ({
  requireWasm: () => undefined,
  detectWasm: async () => ({ simdLevel: 'simd', hasThreads: true, cores: 4, why: {} }),
}));

class TrustedUrl {
  constructor(private readonly url: string) {}
  toString() {
    return this.url;
  }
}
class StrictWorker {
  constructor(script: unknown) {
    if (!(script instanceof TrustedUrl)) throw new TypeError('This document requires TrustedScriptURL.');
  }
}
const asked: string[] = [];
const script = 'export default 1';
let ort: typeof import('./ort.ts');

beforeEach(async () => {
  vi.resetModules();
  asked.length = 0;
  vi.stubGlobal('location', new URL('https://page.example/a.html'));
  vi.stubGlobal('trustedTypes', {
    createPolicy: (_name: string, rules: { createScriptURL(url: string): string }) => ({
      createScriptURL: (url: string) => new TrustedUrl(rules.createScriptURL(url)),
    }),
  });
  vi.stubGlobal('Worker', StrictWorker);
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url);
    return url.includes('missing') ? new Response(null, { status: 404 }) : new Response(script);
  });
  ort = await import('./ort.ts');
});
afterEach(() => vi.unstubAllGlobals());

const starts = (url: string) => {
  try {
    new Worker(url);
    return true;
  } catch {
    return false;
  }
};

test.each(['https://cdn.example/limbeck', '//cdn.example/limbeck'])('in %s', async (assetBase) => {
  const { ort: opened } = await ort.startOrt({ assetBase, threads: 2 });
  const { mjs, wasm } = opened.env.wasm.wasmPaths as { mjs: string; wasm: string };
  expect(asked).toEqual([`${assetBase}/ort-wasm-simd-threaded.mjs`]);
  expect(mjs).toMatch(/^blob:/);
  expect(wasm).toBe(`${assetBase}/ort-wasm-simd-threaded.wasm`);
  // Another script of the page has its own, of the same origin.
  const other = 'blob:https://page.example/other';
  const file = `${assetBase}/ort-wasm-simd-threaded.mjs`;
  expect(await ort.withOrtThreads(opened, async () => [mjs, other, file].map(starts))).toEqual([true, false, false]);
  expect(starts(mjs)).toBe(false);
});

test.each([
  ['https://page.example/limbeck', 2],
  ['/limbeck', 2],
  ['https://cdn.example/limbeck', 1],
])('in %s, with %i threads, it is loaded from there', async (assetBase, threads) => {
  const { ort: opened } = await ort.startOrt({ assetBase, threads });
  const mjs = `${assetBase}/ort-wasm-simd-threaded.mjs`;
  expect(opened.env.wasm.wasmPaths).toMatchObject({ mjs });
  expect(asked).toEqual([]);
  const own = new URL(mjs, 'https://page.example/').href;
  const tried = [own, 'blob:https://page.example/other'];
  expect(await ort.withOrtThreads(opened, async () => tried.map(starts))).toEqual([true, false]);
});

test('that is not there ends the start with the address, and the next start asks again', async () => {
  for (const assetBase of ['https://cdn.example/missing', 'https://cdn.example/missing']) {
    await expect(ort.startOrt({ assetBase, threads: 2 })).rejects.toMatchObject({
      code: 'backend-unavailable',
      details: { url: `${assetBase}/ort-wasm-simd-threaded.mjs` },
    });
  }
  expect(asked).toHaveLength(2);
});
