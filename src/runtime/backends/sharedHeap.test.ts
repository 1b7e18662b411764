import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { UNSHARED_HEAP, withSharedHeap } from '../../../scripts/sharedHeap.mjs';

const file = createRequire(import.meta.url).resolve(`@tensorflow/tfjs-backend-wasm/dist/${UNSHARED_HEAP}`);
const bytes = new Uint8Array(readFileSync(file));

/** The memory that a module makes for itself, with imports that do nothing. */
async function memoryOf(code: Uint8Array): Promise<WebAssembly.Memory> {
  const module = await WebAssembly.compile(new Uint8Array(code));
  const imports: Record<string, Record<string, () => number>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    expect(kind).toBe('function');
    imports[from] = { ...imports[from], [name]: () => 0 };
  }
  const { exports } = await WebAssembly.instantiate(module, imports);
  return Object.values(exports).find((value) => value instanceof WebAssembly.Memory) as WebAssembly.Memory;
}

describe('tfjs’s build for one thread', () => {
  test('gets a heap that threads share, and differs in one byte', async () => {
    const shared = withSharedHeap(bytes);
    expect((await memoryOf(bytes)).buffer).toBeInstanceOf(ArrayBuffer);
    expect((await memoryOf(shared)).buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(shared.filter((byte, at) => byte !== bytes[at])).toHaveLength(1);
  });

  test('is refused where it looks different', () => {
    expect(() => withSharedHeap(bytes.subarray(0, 8))).toThrow('looks different');
    expect(() => withSharedHeap(withSharedHeap(bytes))).toThrow('looks different');
  });
});
