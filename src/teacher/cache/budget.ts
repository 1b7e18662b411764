import type { Store } from '../../storage/store.ts';

/** The prefix of everything that a cache keeps; the budget counts the answers of all teachers. */
export const ANSWERS = 'answers/';

/** A file in each folder: when each of its chunks was last used, in seconds of the clock. */
const USED = 'used';

/**
 * The answers in a store, their bytes, and when they were used. What is used while this is open is never deleted: otherwise
 * epochs over more examples than fit would find none of them.
 */
export interface Budget {
  /** Reads the chunks in the store. */
  open(): Promise<void>;
  /** Chunks of one folder, which ends in a slash. */
  chunksIn(folder: string): { key: string; size: number }[];
  /** Deletes chunks until one of `bytes` fits under `key`; false if it still does not fit. */
  makeRoom(key: string, bytes: number): Promise<boolean>;
  /** Deletes the least recently used chunk; false if there is none. */
  evict(): Promise<boolean>;
  /** A chunk was written, or read, now. */
  use(key: string, size?: number): void;
  forget(key: string): void;
  /** Saves when the chunks of a folder were used, if that changed. */
  saveUse(folder: string): Promise<void>;
}

interface Kept {
  readonly size: number;
  readonly usedAt: number;
  readonly isInUse: boolean;
}

export function openBudget(store: Store, budgetBytes: number, onEvicted: (key: string) => void): Budget {
  const files = new Map<string, Kept>();
  let isUseChanged = false;

  const readUse = async (folder: string): Promise<Record<string, number>> => {
    const bytes = await store.get(folder + USED).catch(() => undefined);
    return bytes === undefined ? {} : parseUse(bytes);
  };

  async function evict(): Promise<boolean> {
    let oldest: string | undefined;
    for (const [key, { usedAt, isInUse }] of files) {
      if (!isInUse && (oldest === undefined || usedAt < (files.get(oldest) as Kept).usedAt)) oldest = key;
    }
    if (oldest === undefined) return false;
    files.delete(oldest);
    onEvicted(oldest);
    await store.delete(oldest);
    const folder = folderOf(oldest);
    if (![...files.keys()].some((key) => key.startsWith(folder))) await store.delete(folder + USED);
    return true;
  }

  return {
    async open() {
      const keys = (await store.keys(ANSWERS)).filter((key) => !key.endsWith(`/${USED}`));
      const uses = new Map<string, Record<string, number>>();
      for (const key of keys) {
        const folder = folderOf(key);
        const use = uses.get(folder) ?? (await readUse(folder));
        uses.set(folder, use);
        const size = await store.size(key);
        if (size === undefined) continue;
        files.set(key, { size, usedAt: Math.max(madeAt(key), use[nameOf(key)] ?? 0), isInUse: false });
      }
    },
    chunksIn: (folder) =>
      [...files].filter(([key]) => key.startsWith(folder)).map(([key, { size }]) => ({ key, size })),
    async makeRoom(key, bytes) {
      for (;;) {
        let others = 0;
        for (const [one, { size }] of files) if (one !== key) others += size;
        if (others + bytes <= budgetBytes) return true;
        if (!(await evict())) return false;
      }
    },
    evict,
    use(key, size) {
      const before = files.get(key);
      isUseChanged ||= before?.isInUse !== true;
      files.set(key, { size: size ?? before?.size ?? 0, usedAt: now(), isInUse: true });
    },
    forget: (key) => files.delete(key),
    async saveUse(folder) {
      if (!isUseChanged) return;
      isUseChanged = false;
      // Another tab may have used other chunks: the latest use of each counts.
      const before = await readUse(folder);
      const use: Record<string, number> = {};
      for (const [key, { usedAt }] of files) {
        if (key.startsWith(folder)) use[nameOf(key)] = Math.max(usedAt, before[nameOf(key)] ?? 0);
      }
      // This only decides what is deleted first. A store without space for it has none for answers, which is reported.
      await store.put(folder + USED, new TextEncoder().encode(JSON.stringify(use))).catch(() => undefined);
    },
  };
}

/** A key that no other tab creates, with the time of its creation. */
export function newChunkKey(folder: string): string {
  const random = crypto.getRandomValues(new Uint32Array(2));
  return `${folder}${now().toString(36)}-${Array.from(random, (word) => word.toString(36)).join('')}`;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function madeAt(key: string): number {
  return Number.parseInt(nameOf(key), 36) || 0;
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

function parseUse(bytes: Uint8Array): Record<string, number> {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, number>;
  } catch {
    // This only decides what is deleted first; without it the chunks' own dates do.
    return {};
  }
}
