import type { NdArray } from '../../core/shape.ts';
import { orientationOf, upright } from './orientation.ts';

/** More pixels than any camera's are an attack, or not meant to be learned from. */
const MOST_PIXELS = 100e6;
const JPEG_MEMORY_MB = 1200;
const PNG_BEGIN = 8;
/** What a picture is made of; text, colour profiles and the rest are left out, some of which would be unpacked too. */
const PNG_PARTS = ['IHDR', 'PLTE', 'IDAT', 'IEND'];
const INDEXED = 3;
/** Deflate packs no more than this into a byte. */
const MOST_GROWTH = 1032;
/** Data that cannot become more than this is not unpacked once before, to see. */
const PLAIN_BYTES = 400e6;
/** Rec. 601, as `fromImages` has it. */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * The pixels of a PNG or JPEG file, upright. Transparency is laid over black.
 * Shapes    [1, H, W, channels] bytes
 * Throws    an error that says why, without the file's name
 */
export async function decodeImage(bytes: Uint8Array, channels: 1 | 3): Promise<NdArray> {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) {
    const { decode } = await import('jpeg-js');
    const image = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      maxResolutionInMP: MOST_PIXELS / 1e6,
      maxMemoryUsageInMB: JPEG_MEMORY_MB,
    });
    const { width, height, data } = image;
    const read = pixels(width, height, channels, (at, c) => data[3 * at + c] as number);
    // Its types do not know of it.
    const { exifBuffer: exif } = image as { readonly exifBuffer?: Uint8Array };
    return exif === undefined ? read : upright(read, orientationOf(exif));
  }
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return decodePng(bytes, channels);
  throw new Error('it is neither a PNG nor a JPEG file');
}

async function decodePng(bytes: Uint8Array, channels: 1 | 3): Promise<NdArray> {
  const { decode, convertIndexedToRgb } = await import('fast-png');
  const image = decode(await plainPng(bytes));
  const { width, height, depth } = image;
  if (image.palette !== undefined) {
    const parts = image.palette[0]?.length ?? 3;
    const colours = convertIndexedToRgb(image);
    return pixels(width, height, channels, (at, c) => {
      const alpha = parts === 4 ? (colours[parts * at + 3] as number) / 255 : 1;
      return alpha * (colours[parts * at + c] as number);
    });
  }
  const { channels: parts, data } = image;
  const most = 2 ** depth - 1;
  const rowBytes = Math.ceil((width * depth) / 8);
  const value = (at: number, part: number) => {
    if (depth >= 8) return (data[parts * at + part] as number) / most;
    // Greys of less than a byte come packed, each row from a byte of its own.
    const [y, x] = [Math.floor(at / width), at % width];
    const shift = 8 - depth * ((x % (8 / depth)) + 1);
    return (((data[y * rowBytes + Math.floor((x * depth) / 8)] as number) >> shift) & most) / most;
  };
  const hasAlpha = parts === 2 || parts === 4;
  return pixels(width, height, channels, (at, c) => {
    const alpha = hasAlpha ? value(at, parts - 1) : 1;
    return 255 * alpha * value(at, parts < 3 ? 0 : c);
  });
}

/** The file with nothing but its picture, which is not larger than it says. */
async function plainPng(bytes: Uint8Array): Promise<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [bytes.subarray(0, PNG_BEGIN)];
  const packed: Uint8Array[] = [];
  let [room, isIndexed] = [0, false];
  for (let at = PNG_BEGIN; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const chunk = bytes.subarray(at, at + 12 + length);
    if (chunk.length < 12 + length) throw new Error('it ends too early');
    if (name === 'IHDR') {
      if (length !== 13) throw new Error('its header is damaged');
      const [width, height, depth] = [view.getUint32(at + 8), view.getUint32(at + 12), bytes[at + 16] as number];
      if (width * height > MOST_PIXELS) throw new Error(`it has ${width} × ${height} pixels, more than are read`);
      isIndexed = bytes[at + 17] === INDEXED;
      // Four channels, a byte more for each row, and seven passes of interlaced pictures.
      room = Math.ceil((width * 4 * depth) / 8 + 8) * (height + 8) + 64;
    }
    if (name === 'IDAT') packed.push(chunk.subarray(8, 8 + length));
    if (PNG_PARTS.includes(name) || (name === 'tRNS' && isIndexed)) parts.push(chunk);
    at += 12 + length;
  }
  const data = Buffer.concat(packed);
  if (data.length * MOST_GROWTH > PLAIN_BYTES) {
    const { inflateSync } = await import('node:zlib');
    inflateSync(data, { maxOutputLength: room });
  }
  return Buffer.concat(parts);
}

function pixels(
  width: number,
  height: number,
  channels: 1 | 3,
  colour: (at: number, channel: number) => number,
): NdArray {
  if (!(width > 0 && height > 0)) throw new Error('it has no pixels');
  const data = new Uint8Array(width * height * channels);
  for (let at = 0; at < width * height; at++) {
    if (channels === 1) {
      const [red, green, blue] = LUMA;
      data[at] = Math.round(red * colour(at, 0) + green * colour(at, 1) + blue * colour(at, 2));
    } else for (let c = 0; c < 3; c++) data[3 * at + c] = Math.round(colour(at, c));
  }
  return { data, shape: [1, height, width, channels] };
}
