import { openDB } from 'idb';
import { indexedDbHolds, indexedDbObstacle, openIndexedDb } from './indexeddb.ts';
import { isNamed, type Medium } from './medium.ts';
import { openMemory } from './memory.ts';
import { openOpfs, opfsHolds, opfsObstacle } from './opfs.ts';
import type { StoreKind } from './store.ts';

/** One kind of place where a store can lie. */
export interface StorePlace {
  readonly title: string;
  /** A clause that says what is missing, or undefined where nothing is. */
  readonly obstacle: () => string | undefined;
  readonly open: (name: string) => Promise<Medium>;
  /** Whether values of that name lie there; makes nothing. Throws where it cannot be told now. */
  readonly holds: (name: string) => Promise<boolean>;
  /** Whether values may lie there all the same, where `holds` threw this. */
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
  // What these name is no fault but a refusal, such as in private windows, and so there are no values.
  mayHold: async (_, error) => !isNamed(error, 'SecurityError', 'InvalidStateError'),
};

const memory: StorePlace = {
  title: 'Memory',
  obstacle: () => undefined,
  open: openMemory,
  holds: async () => false,
  mayHold: async () => false,
};

/** The places in the order in which `auto` tries them. */
export const places = { opfs, indexeddb, memory } satisfies Record<StoreKind, StorePlace>;

// Which stores were ever opened in OPFS. Some browsers refuse OPFS for good in some windows, and any may for a moment:
// only what was noted elsewhere tells the one from the other. Without IndexedDB nothing is noted.
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
