import { crc32 } from './crc32.ts';
import { KEY_BYTES } from './hashExamples.ts';
import type { Layout } from './layout.ts';
import { rowBytesOf } from './layout.ts';

// A chunk of answers as one self-describing file, all numbers little-endian:
//
//   0   "ans1"
//   4   CRC-32 of bytes 8 up to the rows
//   8   length of the layout in bytes
//   12  number of examples
//   16  the layout as JSON
//       for each example: its key (16 bytes), the CRC-32 of its row
//       for each example: its row, as the layout says

const MAGIC = 0x31736e61;
const HEAD_BYTES = 16;
/** Bytes of an example in addition to its row. */
export const ENTRY_BYTES = KEY_BYTES + 4;

/** Bytes of the first read; enough for the head of most chunks. */
const FIRST_READ_BYTES = 1 << 16;

/** What a chunk says about itself. */
export interface ChunkHead {
  readonly layout: Layout;
  readonly keys: string[];
  readonly checksums: Uint32Array;
  readonly rowBytes: number;
  /** Where the rows begin. */
  readonly rowsAt: number;
}

/** Length of a chunk without examples. */
export function emptyChunkBytes(layout: Layout): number {
  return rowsAt(encodeLayout(layout), 0);
}

/** The whole file. `rows` holds one row after the other. */
export function writeChunk(
  layout: Layout,
  keys: readonly string[],
  checksums: Uint32Array,
  rows: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const text = encodeLayout(layout);
  const start = rowsAt(text, keys.length);
  const bytes = new Uint8Array(start + rows.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, text.length, true);
  view.setUint32(12, keys.length, true);
  bytes.set(text, HEAD_BYTES);
  let at = HEAD_BYTES + text.length;
  for (let i = 0; i < keys.length; i++, at += ENTRY_BYTES) {
    const key = keys[i] as string;
    for (let c = 0; c < KEY_BYTES; c++) bytes[at + c] = key.charCodeAt(c);
    view.setUint32(at + KEY_BYTES, checksums[i] as number, true);
  }
  bytes.set(rows, start);
  view.setUint32(4, crc32(bytes.subarray(8, start)), true);
  return bytes;
}

/** Reads the head of a chunk of `size` bytes through `read`; undefined if it is incomplete, damaged or something else. */
export async function readChunkHead(
  read: (start: number, end: number) => Promise<Uint8Array | undefined>,
  size: number,
): Promise<ChunkHead | undefined> {
  let bytes = await read(0, FIRST_READ_BYTES);
  if (bytes === undefined || bytes.length < HEAD_BYTES) return undefined;
  const given = view(bytes);
  const textLength = given.getUint32(8, true);
  const count = given.getUint32(12, true);
  const start = HEAD_BYTES + textLength + count * ENTRY_BYTES;
  if (given.getUint32(0, true) !== MAGIC || start > size) return undefined;
  if (start > bytes.length) bytes = await read(0, start);
  if (bytes === undefined || bytes.length < start) return undefined;
  if (crc32(bytes.subarray(8, start)) !== view(bytes).getUint32(4, true)) return undefined;
  const text = new TextDecoder().decode(bytes.subarray(HEAD_BYTES, HEAD_BYTES + textLength));
  const layout = JSON.parse(text) as Layout;
  const rowBytes = rowBytesOf(layout);
  if (start + count * rowBytes !== size) return undefined;
  return { layout, rowBytes, rowsAt: start, ...readEntries(bytes, HEAD_BYTES + textLength, count) };
}

function readEntries(bytes: Uint8Array, from: number, count: number): Pick<ChunkHead, 'keys' | 'checksums'> {
  const keys: string[] = [];
  const checksums = new Uint32Array(count);
  const entries = view(bytes);
  for (let i = 0, at = from; i < count; i++, at += ENTRY_BYTES) {
    keys.push(String.fromCharCode(...bytes.subarray(at, at + KEY_BYTES)));
    checksums[i] = entries.getUint32(at + KEY_BYTES, true);
  }
  return { keys, checksums };
}

function encodeLayout(layout: Layout): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(layout));
}

function rowsAt(text: Uint8Array, count: number): number {
  return HEAD_BYTES + text.length + count * ENTRY_BYTES;
}

function view({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
