import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb';
import { isNamed, type Medium } from './medium.ts';

/** The lengths stand apart from the bytes, so that `keys` and `size` read no value. */
interface Tables extends DBSchema {
  bytes: { key: string; value: Uint8Array<ArrayBuffer> };
  lengths: { key: string; value: number };
}

const TABLES: ('bytes' | 'lengths')[] = ['bytes', 'lengths'];
type Database = IDBPDatabase<Tables>;
type Transaction = IDBPTransaction<Tables, typeof TABLES, 'readwrite'>;

/** A clause that says what IndexedDB needs and does not find here, or undefined where nothing is missing. */
export function indexedDbObstacle(): string | undefined {
  return globalThis.indexedDB ? undefined : 'IndexedDB is not offered by this browser (no indexedDB)';
}

const databaseOf = (store: string) => `limbeck/${store}`;

/** Whether the store of that name holds a value here; makes nothing. */
export async function indexedDbHolds(name: string): Promise<boolean> {
  if (indexedDbObstacle() !== undefined) return false;
  let isNew = false;
  const opening = openDB<Tables>(databaseOf(name), 1, {
    upgrade: (_database, _from, _to, transaction) => {
      isNew = true;
      // Without it the database is not made.
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

/** One database a store; a put writes bytes and length in one transaction. */
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
      // Who deletes the database or opens a newer version must not wait for this page to close.
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
   * Does work on the database, anew where the connection was lost on the way: to one who deleted the database, or to the
   * browser, which ends connections without being asked. All work here may be done twice.
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
   * Makes the requests in one transaction: all of them are kept, or it rejects and none is. 'strict' asks that they are
   * on the disk by then, and not only with the operating system.
   */
  function change(...requests: ((tables: Transaction) => Promise<unknown>)[]): Promise<void> {
    return withDatabase(async (database) => {
      const transaction = database.transaction(TABLES, 'readwrite', { durability: 'strict' });
      const made: Promise<unknown>[] = [];
      try {
        for (const request of requests) made.push(request(transaction));
      } catch (error) {
        // What cannot even be asked for takes along what was, unless that is over already.
        made.push(Promise.reject(error));
        if (!isNamed(error, 'InvalidStateError', 'TransactionInactiveError')) transaction.abort();
      }
      const outcomes = await Promise.allSettled([...made, transaction.done]);
      const faults = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
      // One fault is the cause, such as a full quota; what falls with it says only that it was aborted.
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
