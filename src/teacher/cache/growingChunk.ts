import { ENTRY_BYTES, emptyChunkBytes, writeChunk } from './chunk.ts';
import { crc32 } from './crc32.ts';
import { type Layout, rowBytesOf } from './layout.ts';

/** A chunk of answers of one layout: found in the store, or growing in memory. */
export interface Chunk {
  readonly key: string;
  readonly layout: Layout;
  readonly rowBytes: number;
  readonly emptyBytes: number;
  readonly keys: string[];
  checksums: Uint32Array;
  /** The rows, if they are in memory; space for more may follow. */
  rows: Uint8Array | undefined;
  /** Its examples that are in the store. */
  savedCount: number;
  /** Where the rows begin in the store. */
  rowsAt: number;
  /** Rows in memory that were compared with their checksums. */
  checked: Set<number> | 'all';
}

export function newChunk(key: string, layout: Layout): Chunk {
  const checksums = new Uint32Array(1);
  const rowBytes = rowBytesOf(layout);
  const rows = new Uint8Array(rowBytes);
  const emptyBytes = emptyChunkBytes(layout);
  return { key, layout, rowBytes, emptyBytes, keys: [], checksums, rows, savedCount: 0, rowsAt: 0, checked: 'all' };
}

/** Appends an answer to a chunk whose rows are in memory. */
export function append(chunk: Chunk, key: string, row: Uint8Array): void {
  const at = chunk.keys.length;
  if (at === chunk.checksums.length) {
    const checksums = new Uint32Array(2 * at);
    checksums.set(chunk.checksums);
    chunk.checksums = checksums;
    const rows = new Uint8Array(2 * at * chunk.rowBytes);
    rows.set(chunk.rows as Uint8Array);
    chunk.rows = rows;
  }
  chunk.keys.push(key);
  chunk.checksums[at] = crc32(row);
  chunk.rows?.set(row, at * chunk.rowBytes);
}

/** Bytes that it takes, or would take, in the store. */
export function sizeOfChunk({ emptyBytes, rowBytes, keys }: Chunk): number {
  return emptyBytes + keys.length * (ENTRY_BYTES + rowBytes);
}

/** The file of a chunk whose rows are in memory. */
export function toFile({ layout, keys, checksums, rows, rowBytes }: Chunk): Uint8Array<ArrayBuffer> {
  return writeChunk(layout, keys, checksums, (rows as Uint8Array).subarray(0, keys.length * rowBytes));
}
