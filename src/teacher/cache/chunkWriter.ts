import { LimbeckError } from '../../core/errors.ts';
import { bytes as inBytes } from '../../core/figures.ts';
import { makeQueue } from '../../core/queue.ts';
import type { Store } from '../../storage/store.ts';
import { type Budget, newChunkKey } from './budget.ts';
import { append, type Chunk, newChunk, sizeOfChunk, toFile } from './growingChunk.ts';
import type { Layout } from './layout.ts';

/** What is answered is in the store after this time at the latest: so much a crash may lose. */
const WRITE_AFTER_MS = 2000;

/** Closed chunks that may wait to be written; beyond this, adding answers waits too. */
const MOST_WAITING = 4;

/** Writes answers in chunks: one grows and is written again every two seconds, until it is full and the next begins. */
export interface ChunkWriter {
  /** The chunk that it went to, as its last row. */
  append(folder: string, layout: Layout, key: string, row: Uint8Array): Chunk;
  /** Writes changes within two seconds. */
  schedule(folder: string): void;
  /** Waits if the store is far behind. */
  keepUp(): Promise<void>;
  flush(folder: string): Promise<void>;
  /** Chunks with answers that the store does not have yet. */
  readonly unsaved: ReadonlySet<Chunk>;
  forget(chunk: Chunk): Promise<void>;
  stop(): void;
}

export function chunkWriter(
  store: Store,
  budget: Budget,
  options: {
    readonly budgetBytes: number;
    readonly fullBytes: number;
    /** It is in the store and grows no more. */
    readonly onClosed: (chunk: Chunk) => void;
    readonly onFailed: (error: unknown) => void;
  },
): ChunkWriter {
  const unsaved = new Set<Chunk>();
  const inTurn = makeQueue();
  let growing: Chunk | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueAt = 0;

  function close(): void {
    const chunk = growing as Chunk;
    growing = undefined;
    save(chunk).catch(options.onFailed);
  }

  function write(folder: string): void {
    clearTimeout(timer);
    timer = undefined;
    const saving = growing === undefined ? Promise.resolve() : save(growing);
    saving.then(() => budget.saveUse(folder)).catch(options.onFailed);
  }

  function save(chunk: Chunk): Promise<void> {
    return inTurn(async () => {
      const count = chunk.keys.length;
      if (unsaved.has(chunk) && chunk.savedCount < count) {
        const file = toFile(chunk);
        if (!(await budget.makeRoom(chunk.key, file.length))) {
          throw new LimbeckError(
            'store-full',
            `Answers fill their budget of ${inBytes(options.budgetBytes)}. Raise "budgetBytes" to keep more.`,
            { details: { budgetBytes: options.budgetBytes } },
          );
        }
        await putWithRoom(chunk.key, file);
        chunk.savedCount = count;
        chunk.rowsAt = file.length - count * chunk.rowBytes;
        budget.use(chunk.key, file.length);
      }
      if (chunk === growing || chunk.savedCount < chunk.keys.length || !unsaved.delete(chunk)) return;
      options.onClosed(chunk);
    });
  }

  /** Where the browser gives no more room, older answers make some. */
  async function putWithRoom(key: string, file: Uint8Array): Promise<void> {
    for (;;) {
      try {
        return await store.put(key, file);
      } catch (error) {
        const isFull = error instanceof LimbeckError && error.code === 'store-full';
        if (!isFull || !(await budget.evict())) throw error;
      }
    }
  }

  return {
    unsaved,
    append(folder, layout, key, row) {
      if (growing !== undefined && !isSameLayout(growing.layout, layout)) close();
      growing ??= newChunk(newChunkKey(folder), layout);
      const chunk = growing;
      unsaved.add(chunk);
      append(chunk, key, row);
      if (sizeOfChunk(chunk) >= options.fullBytes) close();
      return chunk;
    },
    schedule(folder) {
      if (timer === undefined) {
        dueAt = Date.now() + WRITE_AFTER_MS;
        timer = setTimeout(() => write(folder), WRITE_AFTER_MS);
      } else if (Date.now() > dueAt) {
        // Browsers hold back the timers of tabs that nobody sees.
        write(folder);
      }
    },
    async keepUp() {
      if (unsaved.size > MOST_WAITING) await inTurn(async () => undefined);
    },
    async flush(folder) {
      for (const chunk of [...unsaved]) await save(chunk);
      await budget.saveUse(folder);
    },
    async forget(chunk) {
      if (growing === chunk) growing = undefined;
      unsaved.delete(chunk);
      // What is being written now is written before it can be deleted.
      await inTurn(async () => undefined);
    },
    stop: () => clearTimeout(timer),
  };
}

function isSameLayout(a: Layout, b: Layout): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
