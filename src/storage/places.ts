import { openDB } from 'idb';
import { indexedDbHolds, indexedDbObstacle, openIndexedDb } from './indexeddb.ts';
import { isNamed, type Medium } from './medium.ts';
import { openMemory } from './memory.ts';
import { openOpfs, opfsHolds, opfsObstacle } from './opfs.ts';
import type { StoreKind } from './store.ts';

/** A kind of storage for a store. */
export interface StorePlace {
  readonly title: string;
  /** A clause that says what is missing; undefined if nothing is. */
  readonly obstacle: () => string | undefined;
  readonly open: (name: string) => Promise<Medium>;
  /** Whether it has values of that name; creates nothing. Throws if that is unknown now. */
  readonly holds: (name: string) => Promise<boolean>;
  /** Whether there may be values nevertheless, after `holds` threw this. */
  readonly mayHold: (name: string, error: unknown) => Promise<boolean>;
}

const opfs: StorePlace = {
  title: 'OPFS',
  obstacle: opfsObstacle,
  open: async (name) => {
    const medium = await openOpfs(name);
    await remember(name).catch(() => undefined);
    return medium;
  },
  holds: opfsHolds,
  mayHold: (name) => isRemembered(name).catch(() => false),
};

const indexeddb: StorePlace = {
  title: 'IndexedDB',
  obstacle: indexedDbObstacle,
  open: openIndexedDb,
  holds: indexedDbHolds,
  // These are refusals, such as in private windows, so there are no values.
  mayHold: async (_, error) => !isNamed(error, 'SecurityError', 'InvalidStateError'),
};

const memory: StorePlace = {
  title: 'Memory',
  obstacle: () => undefined,
  open: openMemory,
  holds: async () => false,
  mayHold: async () => false,
};

/** In the order in which `auto` tries them. */
export const places = { opfs, indexeddb, memory } satisfies Record<Exclude<StoreKind, 'disk'>, StorePlace>;

// Notes which stores were ever opened in OPFS. Some browsers always refuse OPFS in some windows, and any may refuse it for a
// moment; only a note kept elsewhere tells these apart. Without IndexedDB nothing is noted.
const DATABASE = 'limbeck-places';
const TABLE = 'opfs';

async function remember(name: string): Promise<void> {
  if (await isRemembered(name)) return;
  await withNotes((database) => database.put(TABLE, true, name));
}

function isRemembered(name: string): Promise<boolean> {
  return withNotes(async (database) => (await database.get(TABLE, name)) === true);
}

async function withNotes<T>(work: (database: Awaited<ReturnType<typeof openDB>>) => Promise<T>): Promise<T> {
  if (indexedDbObstacle() !== undefined) throw new Error('There is no IndexedDB.');
  const database = await openDB(DATABASE, 1, { upgrade: (opened) => void opened.createObjectStore(TABLE) });
  try {
    return await work(database);
  } finally {
    database.close();
  }
}
