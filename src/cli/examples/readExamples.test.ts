import { encode } from 'fast-png';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { writeNpy } from '../../data/npy.ts';
import { readNpz } from '../arrayFiles.ts';
import type { Console } from '../openConsole.ts';
import { readCsv } from './csvTable.ts';
import { readImageFolder } from './imageFolder.ts';

describe('readCsv', () => {
  test('numbers, and classes by name or number', async () => {
    const named = await readCsv('a;b;Class\n1;2;dog\n3;4e-1;cat\n', 't.csv');
    expect(named).toMatchObject({ columns: ['a', 'b'], names: ['cat', 'dog'], labels: Int32Array.of(1, 0) });
    expect([...named.table.data]).toEqual([1, 2, 3, Math.fround(0.4)]);
    const numbered = await readCsv('\ufeffy,"x, long"\n2,0.5\n\n0,-1\n', 't.csv', 'y');
    expect(numbered).toMatchObject({ columns: ['x, long'], labels: Int32Array.of(2, 0), table: { shape: [2, 1] } });
    expect(numbered.names).toBeUndefined();
    expect((await readCsv('a\tb\n1\t2', 't.tsv')).labels).toBeUndefined();
  });

  test.each([
    ['', /a line of headings/],
    ['a,b\n', /at least one line/],
    ['1,2\n3,4', /its first line has numbers/],
    ['a,b\n1,x', /line 2, column "b" has "x"/],
    ['a,b\n1,', /column "b" has ""/],
    ['a,b\n1,2,3', /no table of numbers/],
    ['a,b\n"1,2', /no table of numbers/],
  ])('%j is refused', async (text, message) => {
    await expect(readCsv(text, 't.csv')).rejects.toThrow(message);
  });

  test('a column that is not there is named', async () => {
    await expect(readCsv('a,b\n1,2', 't.csv', 'c')).rejects.toThrow(/--label-column was "c".*a, b/);
  });
});

/** A machine that has nothing but these files. */
function machine(files: Readonly<Record<string, Uint8Array>>): Console {
  const listFolder = async (path: string) => {
    const start = `${path.replace(/\/$/, '')}/`;
    const below = Object.keys(files).filter((name) => name.startsWith(start));
    return [...new Set(below.map((name) => name.slice(start.length).replace(/\/.*/, '/')))];
  };
  return {
    readFile: async (path: string) => files[path] ?? Promise.reject(new Error('ENOENT')),
    listFolder,
  } as unknown as Console;
}

describe('readImageFolder', () => {
  const grey = (value: number, side = 4) =>
    encode({ width: side, height: side, channels: 1, depth: 8, data: new Uint8Array(side * side).fill(value) });
  const work = (files: Readonly<Record<string, Uint8Array>>, signal = new AbortController().signal) => ({
    console: machine(files),
    progress: { set: () => undefined, say: () => undefined, stop: () => undefined },
    signal,
  });
  const form = { size: undefined, channels: 1, fit: 'stretch' } as const;

  test('folders are classes, and pictures get one size', async () => {
    const files = {
      'f/a/1.png': grey(10),
      'f/b/2.PNG': grey(20, 8),
      'f/b/notes.txt': grey(0),
      'f/.git/3.png': grey(9),
    };
    const read = await readImageFolder('f', form, work(files));
    expect(read).toMatchObject({ names: ['a', 'b'], labels: Int32Array.of(0, 1) });
    expect(read.images.shape).toEqual([2, 4, 4, 1]);
    expect(new Set(read.images.data.slice(0, 16))).toEqual(new Set([10]));
    expect(new Set(read.images.data.slice(16))).toEqual(new Set([20]));
    const scaled = await readImageFolder('f', { ...form, size: [2, 6], channels: 3 }, work(files));
    expect(scaled.images.shape).toEqual([2, 2, 6, 3]);
  });

  test.each([
    [{ 'f/x.txt': grey(1) }, /"f" has no pictures/],
    [{ 'f/1.png': grey(1), 'f/a/2.png': grey(1) }, /beside the folders a/],
    [{ 'f/a/1.png': grey(1), 'f/a/2.png': Uint8Array.of(1, 2) }, /"f\/a\/2\.png" could not be decoded/],
  ])('%# is refused', async (files, message) => {
    await expect(readImageFolder('f', form, work(files as Record<string, Uint8Array>))).rejects.toThrow(message);
  });

  test('too many are refused before any memory is taken, and Ctrl-C ends it', async () => {
    const files = { 'f/a/1.png': grey(1) };
    await expect(readImageFolder('f', { ...form, size: [99_999, 99_999] }, work(files))).rejects.toThrow(
      /smaller --size/,
    );
    await expect(readImageFolder('f', form, work(files, AbortSignal.abort()))).rejects.toThrow(/abort/i);
  });
});

test('an .npz gives its arrays; one that is none, or a bomb, is refused', async () => {
  const array = writeNpy({ data: Float32Array.of(1, 2), shape: [2] });
  const bomb = zipSync({ 'x.npy': array });
  // It says that a few bytes become four gigabytes, in both of its lists.
  const view = new DataView(bomb.buffer);
  for (let at = 0; at + 28 < bomb.length; at++) {
    const name = view.getUint32(at, true);
    if (name === 0x04034b50) view.setUint32(at + 22, 0xfffffff0, true);
    if (name === 0x02014b50) view.setUint32(at + 24, 0xfffffff0, true);
  }
  const files = {
    'a.npz': zipSync({ 'x.npy': array, 'y.npy': array }),
    'b.npz': bomb,
    'c.npz': zipSync({ 'x.txt': array }),
    'd.npz': array,
  };
  const read = await readNpz('a.npz', machine(files));
  expect(Object.keys(read)).toEqual(['x', 'y']);
  for (const name of ['b.npz', 'c.npz', 'd.npz']) {
    await expect(readNpz(name, machine(files))).rejects.toMatchObject({
      code: 'read-failed',
      message: expect.stringContaining(name),
    });
  }
});
