import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb';
import { isNamed, type Medium } from './medium.ts';

/** The lengths are separate from the bytes, so that `keys` and `size` read no value. */
interface Tables extends DBSchema {
  bytes: { key: string; value: Uint8Array<ArrayBuffer> };
  lengths: { key: string; value: number };
}

const TABLES: ('bytes' | 'lengths')[] = ['bytes', 'lengths'];
type Database = IDBPDatabase<Tables>;
type Transaction = IDBPTransaction<Tables, typeof TABLES, 'readwrite'>;

/** A clause that says what IndexedDB needs and is missing here; undefined if nothing is. */
export function indexedDbObstacle(): string | undefined {
  return globalThis.indexedDB ? undefined : 'IndexedDB is not offered by this browser (no indexedDB)';
}

const databaseOf = (store: string) => `limbeck/${store}`;

/** Whether the store of that name has a value here; creates nothing. */
export async function indexedDbHolds(name: string): Promise<boolean> {
  if (indexedDbObstacle() !== undefined) return false;
  let isNew = false;
  const opening = openDB<Tables>(databaseOf(name), 1, {
    upgrade: (_database, _from, _to, transaction) => {
      isNew = true;
      // Otherwise the database would be created.
      transaction.abort();
      transaction.done.catch(() => undefined);
    },
  });
  const database = await opening.catch((error: unknown) => {
    if (!isNew) throw error;
  });
  if (!database) return false;
  try {
    return (await database.count('lengths')) > 0;
  } finally {
    database.close();
  }
}

/** One database for each store; a put writes bytes and length in one transaction. */
export async function openIndexedDb(name: string): Promise<Medium> {
  let opening: Promise<Database> | undefined;
  let isClosed = false;

  function open(): Promise<Database> {
    if (opening) return opening;
    const forget = () => {
      if (opening === mine) opening = undefined;
    };
    const mine: Promise<Database> = openDB<Tables>(databaseOf(name), 1, {
      upgrade: (opened) => {
        opened.createObjectStore('bytes');
        opened.createObjectStore('lengths');
      },
      // Deleting the database or opening a newer version must not wait for this page to close.
      blocking: (_current, _blocked, event) => {
        forget();
        (event.target as IDBDatabase).close();
      },
      terminated: forget,
    });
    opening = mine;
    mine.catch(forget);
    return mine;
  }

  /**
   * Does work on the database, and repeats it if the connection was lost: because the database was deleted, or because the
   * browser closed it. All work here may be done twice.
   */
  async function withDatabase<T>(work: (database: Database) => Promise<T>, triesLeft = 2): Promise<T> {
    const mine = open();
    const database = await mine;
    try {
      return await work(database);
    } catch (error) {
      const isEnded = isNamed(error, 'InvalidStateError', 'UnknownError');
      // The browser aborts what is underway before it says that the connection has ended.
      const isAborted = isNamed(error, 'AbortError', 'TransactionInactiveError');
      if (isClosed || triesLeft === 0 || !(isEnded || isAborted)) throw error;
      if (isEnded && opening === mine) opening = undefined;
      if (isEnded) database.close();
      return withDatabase(work, triesLeft - 1);
    }
  }

  /**
   * Makes the requests in one transaction: all are kept, or it rejects and none is. 'strict' asks that they are on the disk by
   * then, not only in the operating system's buffers.
   */
  function change(...requests: ((tables: Transaction) => Promise<unknown>)[]): Promise<void> {
    return withDatabase(async (database) => {
      const transaction = database.transaction(TABLES, 'readwrite', { durability: 'strict' });
      const made: Promise<unknown>[] = [];
      try {
        for (const request of requests) made.push(request(transaction));
      } catch (error) {
        // A request that cannot be made aborts the others, unless the transaction is over.
        made.push(Promise.reject(error));
        if (!isNamed(error, 'InvalidStateError', 'TransactionInactiveError')) transaction.abort();
      }
      const outcomes = await Promise.allSettled([...made, transaction.done]);
      const faults = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
      // One fault is the cause, such as a full quota; the other requests only report that they were aborted.
      const fault = faults.find(({ name }) => name !== 'AbortError') ?? faults[0];
      if (fault) throw fault;
    });
  }

  await open();
  return {
    kind: 'indexeddb',
    get: (key) => withDatabase((database) => database.get('bytes', key)),
    getRange: (key, start, end) =>
      withDatabase(async (database) => (await database.get('bytes', key))?.slice(start, end)),
    put: (key, bytes) =>
      change(
        (tables) => tables.objectStore('bytes').put(bytes, key),
        (tables) => tables.objectStore('lengths').put(bytes.byteLength, key),
      ),
    delete: (key) => change(...TABLES.map((table) => (tables: Transaction) => tables.objectStore(table).delete(key))),
    keys: () => withDatabase((database) => database.getAllKeys('lengths')),
    size: (key) => withDatabase((database) => database.get('lengths', key)),
    close: async () => {
      isClosed = true;
      (await opening?.catch(() => undefined))?.close();
    },
  };
}
