import { isNamed, type Medium } from './medium.ts';
import {
  contentsOf,
  DRAFT,
  type Found,
  folderIn,
  placeOf,
  storeFolders,
  undefinedIfMissing,
  VALUE,
} from './opfsNames.ts';

/** A file of the origin private file system, with what TypeScript's DOM library leaves out or takes for granted. */
interface OpfsFile extends Omit<FileSystemFileHandle, 'createWritable'> {
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
  createWritable?(): Promise<FileSystemWritableFileStream>;
  createSyncAccessHandle?(): Promise<SyncAccess>;
}

/** Only in workers: the only way to write in those of Safari before 26, and the only one that can be flushed. */
interface SyncAccess {
  truncate(size: number): void;
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  flush(): void;
  close(): void;
}

/** A clause that says what OPFS needs and is missing here; undefined if nothing is. */
export function opfsObstacle(): string | undefined {
  if (globalThis.isSecureContext === false) {
    return 'OPFS is not offered to this page, which is served neither over https nor from localhost';
  }
  const { navigator, FileSystemFileHandle } = globalThis;
  const file: object = FileSystemFileHandle?.prototype ?? {};
  if (!navigator?.storage?.getDirectory) return notOffered('navigator.storage.getDirectory');
  if (!navigator.locks) return notOffered('navigator.locks');
  if (!('move' in file)) return notOffered('FileSystemFileHandle.move');
  if ('createWritable' in file || 'createSyncAccessHandle' in file) return undefined;
  return 'OPFS can be written only from a worker in this browser (no FileSystemFileHandle.createWritable)';
}

function notOffered(missing: string): string {
  return `OPFS is not offered by this browser (no ${missing})`;
}

/**
 * Whether the store of that name has a value here. Creates nothing, and only needs to read OPFS.
 * Throws if it cannot.
 */
export async function opfsHolds(name: string): Promise<boolean> {
  const storage: Partial<StorageManager> | undefined = globalThis.navigator?.storage;
  if (!storage?.getDirectory) throw new Error(opfsObstacle());
  const root = await folderIn(await storage.getDirectory(), storeFolders(name)).catch(undefinedIfMissing);
  if (root === undefined) return false;
  for await (const { kind } of contentsOf(root)) if (kind === 'value') return true;
  return false;
}

/**
 * One folder for each store, one file for each key. A put writes a draft next to the file and moves it into place, so that a
 * crash leaves the old value; a lock for each key keeps readers and writers of all tabs and workers apart. What else a crash
 * leaves is removed when the store is opened and whenever its keys are listed, because a draft holds a value in plain text, and
 * the folder of a long key a part of that key.
 */
export async function openOpfs(name: string): Promise<Medium> {
  const { storage, locks } = navigator;
  const root = await folderIn(await storage.getDirectory(), storeFolders(name), { create: true });

  function alone<Result>(mode: LockMode, key: string, work: () => Promise<Result>): Promise<Result> {
    const held: Promise<unknown> = locks.request(`limbeck/${name}/${key}`, { mode }, work);
    return held as Promise<Result>;
  }

  /** No key is empty, so this lock belongs to none: a folder is removed only while nothing is about to write into it. */
  const FOLDERS = '';

  async function read<Result>(key: string, part: (file: File) => Promise<Result>): Promise<Result | undefined> {
    const { folders, file } = placeOf(key);
    const work = async () => {
      const handle = await (await folderIn(root, folders)).getFileHandle(file + VALUE);
      return part(await handle.getFile());
    };
    return alone('shared', key, () => work().catch(undefinedIfMissing));
  }

  async function put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { folders, file } = placeOf(key);
    const folder = await folderIn(root, folders, { create: true });
    const draft = (await folder.getFileHandle(file + DRAFT, { create: true })) as FileSystemHandle as OpfsFile;
    try {
      await write(draft, bytes);
      await draft.move(folder, file + VALUE);
    } catch (error) {
      // If it cannot be removed now, no reader sees it, and the next listing of keys removes it.
      await Promise.allSettled(LEFT.map((ending) => folder.removeEntry(file + ending)));
      throw error;
    }
  }

  /** Removes a leftover, unless it is in use, as its lock or the file itself says. */
  async function sweep({ kind, key = FOLDERS, parent, file }: Found): Promise<void> {
    const inUse = ['NotFoundError', 'NoModificationAllowedError', ...(kind === 'folder' ? NOT_EMPTY : [])];
    const options: LockOptions = { mode: 'exclusive', ifAvailable: true };
    await locks.request(`limbeck/${name}/${key}`, options, async (lock) => {
      if (lock === null) return;
      await parent.removeEntry(file).catch((error: unknown) => {
        if (!isNamed(error, ...inUse)) throw error;
      });
    });
  }

  async function keys(): Promise<string[]> {
    const all: Found[] = [];
    for await (const found of contentsOf(root)) all.push(found);
    for (const found of all) if (found.kind !== 'value') await sweep(found);
    return all.flatMap(({ kind, key }) => (kind === 'value' && key !== undefined ? [key] : []));
  }

  await keys();
  return {
    kind: 'opfs',
    get: (key) => read(key, async (file) => new Uint8Array(await file.arrayBuffer())),
    getRange: (key, start, end) =>
      read(key, async (file) => new Uint8Array(await file.slice(start, end).arrayBuffer())),
    size: (key) => read(key, async (file) => file.size),
    put: (key, bytes) => {
      const work = () => alone('exclusive', key, () => put(key, bytes));
      return placeOf(key).folders.length === 0 ? work() : alone('shared', FOLDERS, work);
    },
    delete: async (key) => {
      const { folders, file } = placeOf(key);
      await alone('exclusive', key, async () => {
        const folder = await folderIn(root, folders).catch(undefinedIfMissing);
        const remove = (ending: string) => folder?.removeEntry(file + ending).catch(undefinedIfMissing);
        await Promise.all([VALUE, ...LEFT].map(remove));
      });
      // The folders of a long key are named like parts of it.
      for (let depth = folders.length - 1; depth >= 0; depth--) {
        const parent = await folderIn(root, folders.slice(0, depth)).catch(undefinedIfMissing);
        const file = folders[depth] as string;
        if (parent) await sweep({ kind: 'folder', key: undefined, parent, file });
      }
    },
    keys,
    close: async () => undefined,
  };
}

/** What an interrupted put can leave: its draft, and the swap file into which Chromium writes first. */
const LEFT = [DRAFT, `${DRAFT}.crswap`];

/** The browsers' errors for removing a folder that is not empty. */
const NOT_EMPTY = ['InvalidModificationError'];

/** In a worker the draft is flushed to the disk before it gets its name; a window cannot flush. */
async function write(draft: OpfsFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const access = await draft.createSyncAccessHandle?.();
  if (access) {
    try {
      access.truncate(0);
      const written = access.write(bytes, { at: 0 });
      if (written < bytes.byteLength) {
        throw new DOMException(`only ${written} of ${bytes.byteLength} bytes were written`, 'QuotaExceededError');
      }
      access.flush();
    } finally {
      access.close();
    }
    return;
  }
  const stream = await draft.createWritable?.();
  if (!stream) throw new Error('neither createWritable nor createSyncAccessHandle is there');
  await stream.write(bytes).catch(async (error: unknown) => {
    await stream.abort().catch(() => undefined);
    throw error;
  });
  await stream.close();
}
