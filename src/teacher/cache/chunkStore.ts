import { messageOf } from '../../core/errors.ts';
import type { Store } from '../../storage/store.ts';
import { openBudget } from './budget.ts';
import { emptyChunkBytes, readChunkHead } from './chunk.ts';
import { chunkReader } from './chunkReader.ts';
import { chunkWriter } from './chunkWriter.ts';
import { type Chunk, sizeOfChunk } from './growingChunk.ts';
import type { Row } from './layout.ts';

const MOST_CHUNK_BYTES = 4 << 20;

/** More small chunks than this, as short visits leave them, are made one when they are found. */
const MOST_SMALL = 8;

/** Answers in a store by the key of the example. Only `flush` and `clear` throw; other faults of the store are told. */
export interface ChunkStore {
  /** Finds what the store holds; twice is once. */
  open(): Promise<void>;
  has(key: string): boolean;
  /** The answers that are there and sound. */
  read(keys: readonly string[]): Promise<Map<string, Row>>;
  /** Keeps an answer; waits where the store is far behind. */
  add(key: string, row: Row): Promise<void>;
  flush(): Promise<void>;
  clear(): Promise<void>;
  contents(): { examples: number; chunks: number; bytes: number };
  close(): Promise<void>;
}

/** Where answers are kept, and how many bytes they may take there and in memory. */
export interface ChunkStoreOptions {
  readonly folder: () => Promise<string>;
  readonly budgetBytes: number;
  readonly memoryBytes: number;
  readonly onNotice: (sentence: string) => void;
}

/** Where the answers for one example lie. */
interface Slot {
  readonly chunk: Chunk;
  readonly row: number;
}

export function chunkStore(
  store: Store,
  { folder: folderOf, budgetBytes, memoryBytes, onNotice }: ChunkStoreOptions,
): ChunkStore {
  const chunks = new Map<string, Chunk>();
  const places = new Map<string, Slot>();
  // A small budget holds several chunks too, so that not all of it is given up at once.
  const fullBytes = Math.min(MOST_CHUNK_BYTES, Math.max(1, Math.floor(budgetBytes / 8)));
  const reader = chunkReader(store, memoryBytes);
  const budget = openBudget(store, budgetBytes, (key) => forget(chunks.get(key)));
  const writer = chunkWriter(store, budget, { budgetBytes, fullBytes, onClosed: reader.release, onFailed: giveUp });
  let folder = '';
  let opening: Promise<void> | undefined;
  let isKeeping = true;

  async function find(): Promise<void> {
    folder = await folderOf();
    try {
      await budget.open();
      for (const { key, size } of budget.chunksIn(folder)) await findChunk(key, size);
      await joinSmall();
    } catch (error) {
      onNotice(`Earlier answers of the teacher could not be read: ${messageOf(error)}`);
    }
  }

  async function findChunk(key: string, size: number): Promise<void> {
    const head = await readChunkHead((start, end) => store.getRange(key, start, end), size);
    if (head === undefined) return drop(key);
    const emptyBytes = emptyChunkBytes(head.layout);
    const chunk = {
      ...head,
      key,
      emptyBytes,
      rows: undefined,
      savedCount: head.keys.length,
      checked: new Set<number>(),
    };
    chunks.set(key, chunk);
    for (const [row, example] of head.keys.entries()) places.set(example, { chunk, row });
  }

  async function joinSmall(): Promise<void> {
    const small = [...chunks.values()].filter((chunk) => sizeOfChunk(chunk) < fullBytes / 4);
    if (small.length <= MOST_SMALL) return;
    for (const chunk of small) {
      for (const [key, row] of await read(chunk.keys)) await add(key, row);
    }
    await writer.flush(folder).catch(giveUp);
    if (isKeeping) for (const { key } of small) await remove(key);
  }

  async function read(keys: readonly string[]): Promise<Map<string, Row>> {
    const wanted = new Map<Chunk, { keys: string[]; rows: number[] }>();
    for (const key of keys) {
      const place = places.get(key);
      if (place === undefined) continue;
      const part = wanted.get(place.chunk) ?? { keys: [], rows: [] };
      wanted.set(place.chunk, part);
      part.keys.push(key);
      part.rows.push(place.row);
    }
    const found = new Map<string, Row>();
    await Promise.all([...wanted].map(([chunk, part]) => readPart(chunk, part, found)));
    if (found.size > 0) writer.schedule(folder);
    return found;
  }

  async function readPart(chunk: Chunk, part: { keys: string[]; rows: number[] }, found: Map<string, Row>) {
    try {
      const rows = await reader.read(chunk, part.rows, sizeOf(chunks.values()));
      if (rows === 'damaged') return await drop(chunk.key);
      if (rows === 'gone') return forget(chunk);
      if (chunk.savedCount > 0 && chunks.has(chunk.key)) budget.use(chunk.key);
      for (const [i, key] of part.keys.entries()) {
        found.set(key, { layout: chunk.layout, bytes: rows[i] as Uint8Array });
      }
    } catch (error) {
      forget(chunk);
      onNotice(`Earlier answers of the teacher could not be read: ${messageOf(error)}`);
    }
  }

  async function add(key: string, { layout, bytes }: Row): Promise<void> {
    if (!isKeeping) return;
    const chunk = writer.append(folder, layout, key, bytes);
    chunks.set(chunk.key, chunk);
    places.set(key, { chunk, row: chunk.keys.length - 1 });
    writer.schedule(folder);
    await writer.keepUp();
  }

  function giveUp(error: unknown): void {
    if (isKeeping) onNotice(`Further answers of the teacher are not kept: ${messageOf(error)}`);
    isKeeping = false;
  }

  async function drop(key: string): Promise<void> {
    onNotice('Some earlier answers were damaged; the teacher is asked for them again.');
    // Where the store cannot delete them now, they are found damaged again.
    await remove(key).catch(() => undefined);
  }

  async function remove(key: string): Promise<void> {
    const chunk = chunks.get(key);
    forget(chunk);
    if (chunk !== undefined) await writer.forget(chunk);
    budget.forget(key);
    await store.delete(key);
  }

  /** The store is left as it is. */
  function forget(chunk: Chunk | undefined): void {
    if (chunk === undefined) return;
    chunks.delete(chunk.key);
    reader.forget(chunk);
    for (const key of chunk.keys) if (places.get(key)?.chunk === chunk) places.delete(key);
  }

  async function flush(): Promise<void> {
    await writer.flush(folder);
    isKeeping = true;
  }

  return {
    open() {
      opening ??= find();
      return opening;
    },
    has: (key) => places.has(key),
    read,
    add,
    flush,
    async clear() {
      for (const key of [...chunks.keys()]) await remove(key);
      // Other tabs may have kept more.
      for (const key of await store.keys(folder)) await remove(key);
      isKeeping = true;
    },
    contents: () => ({ examples: places.size, chunks: chunks.size, bytes: sizeOf(chunks.values()) }),
    async close() {
      writer.stop();
      await flush().catch(giveUp);
    },
  };
}

function sizeOf(chunks: Iterable<Chunk>): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += sizeOfChunk(chunk);
  return bytes;
}
