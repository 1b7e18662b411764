import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkModule, sectionsOf } from './build.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const section = (number: number, ...body: number[]) => [number, body.length, ...body];

const functionType = section(1, 1, 0x60, 0, 0);
const importedMemory = section(2, 1, 3, ...text('env'), 6, ...text('memory'), 2, 0, 1);
const oneFunction = section(3, 1, 0);
const ownMemory = section(5, 1, 0, 1);
const start = section(8, 0);
const emptyCode = section(10, 1, 2, 0, 0x0b);
const dataCount = section(12, 1);
const data = section(11, 1, 0, 0x41, 0, 0x0b, 1, 42);

const harmless = [functionType, importedMemory, oneFunction, emptyCode];

describe('a crafted module', () => {
  test.each([
    ['a data segment', 'a data segment', [functionType, importedMemory, oneFunction, emptyCode, data]],
    [
      'a count of data segments',
      'a data segment',
      [functionType, importedMemory, oneFunction, dataCount, emptyCode, data],
    ],
    ['a start function', 'a start function', [functionType, importedMemory, oneFunction, start, emptyCode]],
    ['a memory of its own', 'its own memory', [functionType, oneFunction, ownMemory, emptyCode]],
  ])('with %s is refused', (_, reason, sections) => {
    const bytes = moduleOf(sections);
    // The engine takes it: what the check refuses is a real module, not a malformed one.
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(() => checkModule(bytes)).toThrow(`hold ${reason}`);
  });

  test('that only imports its memory is accepted', () => {
    const bytes = moduleOf(harmless);
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(() => checkModule(bytes)).not.toThrow();
    expect(sectionsOf(bytes)).toEqual([1, 2, 3, 10]);
  });

  test('is read past a section whose length takes two bytes', () => {
    // A custom section of 200 bytes, all of which look like the number of a data section.
    const long = [0, 0xc8, 0x01, 1, ...text('n'), ...Array.from({ length: 198 }, () => 11)];
    const bytes = moduleOf([long, ...harmless]);
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(sectionsOf(bytes)).toEqual([0, 1, 2, 3, 10]);
    expect(() => checkModule(bytes)).not.toThrow();
    expect(() => checkModule(moduleOf([long, ...harmless, data]))).toThrow('a data segment');
  });
});

describe('the compiled kernels', () => {
  const levels = ['relaxed', 'simd'];
  let folder = join(root, 'dist');
  let ownFolder: string | undefined;

  beforeAll(async () => {
    if (levels.every((level) => existsSync(join(folder, `kernels-${level}.wasm`)))) return;
    // Not into dist: another test file may be reading or building there at the same time.
    folder = ownFolder = await mkdtemp(join(tmpdir(), 'kernels-'));
    execFileSync(process.execPath, ['wasm/build.mjs', folder], { cwd: root });
  });
  afterAll(async () => {
    if (ownFolder !== undefined) await rm(ownFolder, { recursive: true });
  });

  test.each(levels)('(%s) are accepted, and import nothing but a memory', async (level) => {
    const bytes = new Uint8Array(await readFile(join(folder, `kernels-${level}.wasm`)));
    expect(() => checkModule(bytes)).not.toThrow();
    const module = await WebAssembly.compile(bytes);
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  });
});

function moduleOf(sections: readonly number[][]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...header, ...sections.flat()]);
}

function text(characters: string): number[] {
  return [...characters].map((character) => character.charCodeAt(0));
}
