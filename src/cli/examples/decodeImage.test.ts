import { deflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import { decodeImage } from './decodeImage.ts';
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
