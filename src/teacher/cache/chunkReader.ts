import { takeTurns } from '../../core/turns.ts';
import type { Store } from '../../storage/store.ts';
import { crc32 } from './crc32.ts';
import type { Chunk } from './growingChunk.ts';

/** If at least this many rows of a chunk are wanted at once, the whole chunk is read: the next rows are likely in it too. */
const MANY_ROWS = 8;

/** Reads rows of chunks and keeps the chunks that were used last in memory. */
export interface ChunkReader {
  /** The rows; undefined if the chunk is gone from the store ('gone') or damaged. */
  read(chunk: Chunk, rows: readonly number[], ofBytes: number): Promise<Uint8Array[] | 'gone' | 'damaged'>;
  /** The rows of this chunk are in memory and in the store: they may be let go when others need the room. */
  release(chunk: Chunk): void;
  forget(chunk: Chunk): void;
}

export function chunkReader(store: Store, memoryBytes: number): ChunkReader {
  /** From the one used longest ago. */
  const inMemory = new Set<Chunk>();
  const loading = new Map<Chunk, Promise<Uint8Array | undefined>>();

  function release(chunk: Chunk): void {
    inMemory.delete(chunk);
    inMemory.add(chunk);
    let bytes = 0;
    for (const { rows } of inMemory) bytes += rows?.length ?? 0;
    for (const old of inMemory) {
      if (bytes <= memoryBytes) return;
      bytes -= old.rows?.length ?? 0;
      old.rows = undefined;
      inMemory.delete(old);
    }
  }

  async function load(chunk: Chunk): Promise<Uint8Array | undefined> {
    const bytes = await store.getRange(chunk.key, chunk.rowsAt, chunk.rowsAt + chunk.keys.length * chunk.rowBytes);
    if (bytes === undefined) return undefined;
    chunk.rows = bytes;
    chunk.checked = new Set();
    release(chunk);
    return bytes;
  }

  async function rowsOf(chunk: Chunk): Promise<Uint8Array | undefined> {
    if (chunk.rows !== undefined) {
      if (inMemory.has(chunk)) release(chunk);
      return chunk.rows;
    }
    const underway = loading.get(chunk) ?? load(chunk).finally(() => loading.delete(chunk));
    loading.set(chunk, underway);
    return underway;
  }

  function isWhole(chunk: Chunk, count: number, ofBytes: number): boolean {
    if (chunk.rows !== undefined || loading.has(chunk)) return true;
    // IndexedDB reads the whole value for a part of it.
    if (store.kind === 'indexeddb' || ofBytes <= memoryBytes) return true;
    return count >= Math.min(MANY_ROWS, chunk.keys.length / 4);
  }

  async function read(chunk: Chunk, rows: readonly number[], ofBytes: number) {
    const { rowBytes } = chunk;
    const found: Uint8Array[] = [];
    const turn = takeTurns();
    if (isWhole(chunk, rows.length, ofBytes)) {
      const all = await rowsOf(chunk);
      if (all === undefined) return 'gone';
      for (const row of rows) {
        const bytes = all.subarray(row * rowBytes, (row + 1) * rowBytes);
        if (all !== chunk.rows || !isChecked(chunk, row)) {
          if (!isSound(chunk, row, bytes)) return 'damaged';
          if (all === chunk.rows && chunk.checked !== 'all') chunk.checked.add(row);
          await turn();
        }
        found.push(bytes);
      }
      return found;
    }
    const at = rows.map((row) => chunk.rowsAt + row * rowBytes);
    const parts = await Promise.all(at.map((start) => store.getRange(chunk.key, start, start + rowBytes)));
    for (const [i, bytes] of parts.entries()) {
      if (bytes === undefined) return 'gone';
      if (!isSound(chunk, rows[i] as number, bytes)) return 'damaged';
      found.push(bytes);
      await turn();
    }
    return found;
  }

  return { read, release, forget: (chunk) => inMemory.delete(chunk) };
}

function isChecked({ checked }: Chunk, row: number): boolean {
  return checked === 'all' || checked.has(row);
}

function isSound(chunk: Chunk, row: number, bytes: Uint8Array): boolean {
  return bytes.length === chunk.rowBytes && crc32(bytes) === chunk.checksums[row];
}
