import { type DBSchema, type IDBPTransaction, openDB } from 'idb';
import type { Medium } from './medium.ts';

/** The lengths stand apart from the bytes, so that `keys` and `size` read no value. */
interface Tables extends DBSchema {
  bytes: { key: string; value: Uint8Array<ArrayBuffer> };
  lengths: { key: string; value: number };
}

const TABLES: ('bytes' | 'lengths')[] = ['bytes', 'lengths'];
type Transaction = IDBPTransaction<Tables, typeof TABLES, 'readwrite'>;

/** A clause that says what IndexedDB needs and does not find here, or undefined where nothing is missing. */
export function indexedDbObstacle(): string | undefined {
  return globalThis.indexedDB ? undefined : 'IndexedDB is not offered by this browser (no indexedDB)';
}

/** One database a store; a put writes bytes and length in one transaction. */
export async function openIndexedDb(name: string): Promise<Medium> {
  const database = await openDB<Tables>(`limbeck/${name}`, 1, {
    upgrade: (opened) => {
      opened.createObjectStore('bytes');
      opened.createObjectStore('lengths');
    },
    // Who deletes the database or opens a newer version must not wait for this page to close.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  });

  /** Makes the requests in one transaction: all of them are kept, or it rejects and none is. */
  async function change(requests: (tables: Transaction) => Promise<unknown>[]): Promise<void> {
    const transaction = database.transaction(TABLES, 'readwrite');
    const outcomes = await Promise.allSettled([...requests(transaction), transaction.done]);
    const faults = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
    // One fault is the cause, such as a full quota; what falls with it says only that it was aborted.
    const fault = faults.find(({ name }) => name !== 'AbortError') ?? faults[0];
    if (fault) throw fault;
  }

  return {
    kind: 'indexeddb',
    get: (key) => database.get('bytes', key),
    getRange: async (key, start, end) => (await database.get('bytes', key))?.slice(start, end),
    put: (key, bytes) =>
      change((tables) => [
        // The bytes go first: where memory is too short to clone them, this throws before anything is changed.
        tables.objectStore('bytes').put(bytes, key),
        tables.objectStore('lengths').put(bytes.byteLength, key),
      ]),
    delete: (key) => change((tables) => TABLES.map((table) => tables.objectStore(table).delete(key))),
    keys: () => database.getAllKeys('lengths'),
    size: (key) => database.get('lengths', key),
    close: async () => database.close(),
  };
}
