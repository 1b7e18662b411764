import { LimbeckError } from '../../core/errors.ts';
import type { Store } from '../../storage/store.ts';
import { checkKey, ownBytes, type Transport } from '../transport.ts';
import { changesOf } from './changesOf.ts';

/** Named bytes that all ends of a federation share. */
export type Shelf = Pick<Store, 'get' | 'put' | 'delete' | 'keys' | 'size'>;

/** What makes a transport of a shelf. */
export interface Shared {
  readonly name: string;
  readonly shelf: Shelf;
  /** Does some work while no other end does any. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Tells every end, this one too, of an entry that has changed. */
  announce(key: string): void;
  /** Calls back for what any end announces, until the function that it returns is called. */
  listen(changed: (key: string) => void): () => void;
  /** Frees what this end holds; the shelf stays. */
  close(): Promise<void>;
}

/** The revision stands before the value, as a float64: it counts all changes of the federation. */
const REVISION_BYTES = 8;
const COUNTER = 'revision';
const entryAt = (key: string) => `entries/${key}`;
const objectAt = (key: string) => `objects/${key}`;

/** One end of a federation whose entries and objects lie on a shelf. */
export function overShelf({ name, shelf, exclusively, announce, listen, close }: Shared): Transport {
  const over = new AbortController();
  const open = () => {
    if (over.signal.aborted) throw new LimbeckError('disposed', `This end of the transport "${name}" was disposed.`);
  };
  const entryOf = async (key: string) => {
    const kept = await shelf.get(entryAt(key));
    if (kept === undefined || kept.length < REVISION_BYTES) return undefined;
    return { value: kept.slice(REVISION_BYTES), revision: new DataView(kept.buffer).getFloat64(0) };
  };
  return {
    name,
    async get(key) {
      open();
      return entryOf(checkKey(key));
    },
    async put(key, value, revision) {
      open();
      checkKey(key);
      const bytes = ownBytes(value);
      const made = await exclusively(async () => {
        if (((await entryOf(key))?.revision ?? 0) !== revision) return undefined;
        const next = (numberOf(await shelf.get(COUNTER)) ?? 0) + 1;
        // Counted first: a number is never given twice, even if this end dies now.
        await shelf.put(COUNTER, withNumber(next, new Uint8Array()));
        await shelf.put(entryAt(key), withNumber(next, bytes));
        return next;
      });
      if (made !== undefined) announce(key);
      return made;
    },
    async list(prefix) {
      open();
      const start = entryAt(String(prefix));
      return (await shelf.keys(start)).map((key) => key.slice(entryAt('').length)).sort();
    },
    watch: (prefix, signal) => {
      open();
      return changesOf(listen, prefix, [signal, over.signal]);
    },
    async delete(key) {
      open();
      checkKey(key);
      await exclusively(() => shelf.delete(entryAt(key)));
      announce(key);
    },
    async putObject(key, bytes) {
      open();
      await shelf.put(objectAt(checkKey(key)), ownBytes(bytes));
    },
    async getObject(key, mostBytes) {
      open();
      const at = objectAt(checkKey(key));
      const size = await shelf.size(at);
      if (size === undefined || size > mostBytes) return undefined;
      return shelf.get(at);
    },
    async deleteObject(key) {
      open();
      await shelf.delete(objectAt(checkKey(key)));
    },
    async [Symbol.asyncDispose]() {
      if (over.signal.aborted) return;
      over.abort();
      await close();
    },
  };
}

function withNumber(number: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(REVISION_BYTES + bytes.length);
  new DataView(joined.buffer).setFloat64(0, number);
  joined.set(bytes, REVISION_BYTES);
  return joined;
}

function numberOf(kept: Uint8Array<ArrayBuffer> | undefined): number | undefined {
  return kept === undefined || kept.length < REVISION_BYTES ? undefined : new DataView(kept.buffer).getFloat64(0);
}
