import { deflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import { zipSync } from 'fflate';
import { encode as encodeJpeg } from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import { writeNpy } from '../../data/npy.ts';
import { readNpz } from '../arrayFiles.ts';
import type { Console } from '../openConsole.ts';
import { readCsv } from './csvTable.ts';
import { decodeImage } from './decodeImage.ts';
import { readImageFolder } from './imageFolder.ts';
import { orientationOf, upright } from './orientation.ts';

/** A PNG of parts that no encoder would write. The checksums are wrong, which readers of pictures forgive. */
function png(
  header: readonly number[],
  raw: Uint8Array,
  more: readonly (readonly [string, Uint8Array])[] = [],
): Uint8Array {
  const chunk = (name: string, data: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(name), data, Buffer.alloc(4)]);
  };
  const [width = 0, height = 0, depth = 8, colour = 0] = header;
  const start = Buffer.alloc(13);
  start.writeUInt32BE(width, 0);
  start.writeUInt32BE(height, 4);
  start.set([depth, colour], 8);
  const begin = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const parts = more.map(([name, data]) => chunk(name, data));
  return Buffer.concat([
    begin,
    chunk('IHDR', start),
    ...parts,
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('decodeImage', () => {
  const values = async (bytes: Uint8Array, channels: 1 | 3) => [...(await decodeImage(bytes, channels)).data];

  test('PNG of every kind, over black where it is transparent', async () => {
    const rgba = encode({
      width: 2,
      height: 1,
      channels: 4,
      depth: 8,
      data: Uint8Array.of(200, 100, 50, 255, 200, 100, 50, 128),
    });
    expect(await values(rgba, 3)).toEqual([200, 100, 50, 100, 50, 25]);
    expect(await values(rgba, 1)).toEqual([124, 62]);
    const deep = encode({ width: 2, height: 1, channels: 1, depth: 16, data: Uint16Array.of(65535, 32768) });
    expect(await values(deep, 1)).toEqual([255, 128]);
    expect(await values(png([8, 2, 1, 0], Uint8Array.of(0, 0b10101010, 0, 0b11110000)), 1)).toEqual(
      [1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0].map((one) => 255 * one),
    );
    // Rows of five pixels of two bits end within a byte.
    expect(await values(png([5, 2, 2, 0], Uint8Array.of(0, 0b00011011, 0b11000000, 0, 0b11100100, 0)), 1)).toEqual([
      0, 85, 170, 255, 255, 255, 170, 85, 0, 0,
    ]);
    const palette: [string, Uint8Array] = ['PLTE', Uint8Array.of(1, 2, 3, 4, 5, 6)];
    expect(await values(png([2, 1, 1, 3], Uint8Array.of(0, 0b01000000), [palette]), 3)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('JPEG upright, however the camera was held', async () => {
    // Left to right 0 to 7, in rows of eight; what is shown has it as Exif says.
    const stored = Buffer.alloc(8 * 16 * 4);
    for (let at = 0; at < 128; at++) stored.fill(at % 8 < 4 ? 40 : 200, 4 * at, 4 * at + 3);
    const plain = encodeJpeg({ width: 8, height: 16, data: stored }, 100).data;
    const held = (orientation: number, isLittle: boolean) => {
      const tiff = Buffer.alloc(26);
      tiff.write(isLittle ? 'II' : 'MM');
      const write = (value: number, at: number, bytes: number) =>
        isLittle ? tiff.writeUIntLE(value, at, bytes) : tiff.writeUIntBE(value, at, bytes);
      for (const [value, at, bytes] of [
        [42, 2, 2],
        [8, 4, 4],
        [1, 8, 2],
        [0x0112, 10, 2],
        [3, 12, 2],
        [1, 14, 4],
        [orientation, 18, 2],
      ] as const)
        write(value, at, bytes);
      const block = Buffer.concat([Buffer.from('Exif\0\0'), tiff]);
      const head = Buffer.from([0xff, 0xe1, 0, block.length + 2]);
      return Buffer.concat([plain.subarray(0, 2), head, block, plain.subarray(2)]);
    };
    const corners = async (file: Uint8Array) => {
      const { data, shape } = await decodeImage(file, 1);
      const [, height = 0, width = 0] = shape;
      const isBright = (x: number, y: number) => Number((data[y * width + x] as number) > 120);
      const all = [isBright(0, 0), isBright(width - 1, 0), isBright(0, height - 1), isBright(width - 1, height - 1)];
      return `${width}x${height} ${all.join('')}`;
    };
    // Bright on the right as stored; mirrored it is bright on the left, turned it is bright below or above.
    const shown = [
      '8x16 0101',
      '8x16 1010',
      '8x16 1010',
      '8x16 0101',
      '16x8 0011',
      '16x8 0011',
      '16x8 1100',
      '16x8 1100',
    ];
    for (const [i, said] of shown.entries()) expect(await corners(held(i + 1, i % 2 === 0))).toBe(said);
    expect(await corners(held(9, true))).toBe(shown[0]);
    expect(orientationOf(Uint8Array.of(0x49, 0x49, 42, 0, 255, 255, 255, 255))).toBe(1);
    expect(orientationOf(new Uint8Array())).toBe(1);
    // Told apart by a picture of which every pixel is another.
    const image = { data: Uint8Array.from({ length: 6 }, (_, i) => i), shape: [1, 2, 3, 1] };
    const turned = [3, 4, 5, 6, 7, 8].map((orientation) => [...upright(image, orientation).data].join(''));
    expect(turned).toEqual(['543210', '345012', '031425', '304152', '524130', '251403']);
  });

  test('JPEG, nearly', async () => {
    const grey = encodeJpeg({ width: 8, height: 8, data: Buffer.alloc(256, 120) }, 95).data;
    const { data, shape } = await decodeImage(new Uint8Array(grey), 3);
    expect(shape).toEqual([1, 8, 8, 3]);
    for (const one of data) expect(one).toBeCloseTo(120, -1);
  });

  test('refuses what would take more memory than it says, and what is no picture', async () => {
    const huge = png([60_000, 60_000, 8, 2], new Uint8Array(10));
    await expect(decodeImage(huge, 3)).rejects.toThrow(/60000 × 60000 pixels/);
    const bomb = png([4, 4, 8, 0], new Uint8Array(420e6));
    await expect(decodeImage(bomb, 3)).rejects.toThrow(/larger than|buffer/i);
    // What is compressed beside the picture is not unpacked at all.
    const profile: [string, Uint8Array] = [
      'iCCP',
      Buffer.concat([Buffer.from('x\0\0'), deflateSync(new Uint8Array(1e6))]),
    ];
    expect(await values(png([1, 1, 8, 0], Uint8Array.of(0, 9), [profile]), 1)).toEqual([9]);
    for (const bad of [
      new Uint8Array(),
      Uint8Array.of(137, 80),
      Uint8Array.of(255, 216, 255),
      new TextEncoder().encode('<svg>'),
    ]) {
      await expect(decodeImage(bad, 3)).rejects.toThrow();
    }
    const cut = encode({ width: 9, height: 9, channels: 3, depth: 8, data: new Uint8Array(243) });
    for (let length = 0; length < cut.length; length += 7) {
      await expect(decodeImage(cut.subarray(0, length), 3)).rejects.toThrow();
    }
  });
});

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
