import type { Medium } from './medium.ts';

const VALUE = '.value';
const DRAFT = '.draft';
const CONTINUED = '.more';

/** Characters of a file name before its ending; file systems allow 255 bytes. */
const NAME_LENGTH = 200;

/** A file of the origin private file system, with what TypeScript's DOM library leaves out or takes for granted. */
interface OpfsFile extends Omit<FileSystemFileHandle, 'createWritable'> {
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
  createWritable?(): Promise<FileSystemWritableFileStream>;
  createSyncAccessHandle?(): Promise<SyncAccess>;
}

/** Only in workers; the only way to write in those of Safari before 26. */
interface SyncAccess {
  truncate(size: number): void;
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  flush(): void;
  close(): void;
}

/** A clause that says what OPFS needs and does not find here, or undefined where nothing is missing. */
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
 * One folder a store, one file a key. A put writes a draft beside the file and moves it into place, so a crash leaves
 * the old value; a lock a key keeps readers and writers of all tabs and workers apart.
 */
export async function openOpfs(name: string): Promise<Medium> {
  const origin = await navigator.storage.getDirectory();
  const place = placeOf(name);
  const root = await folderIn(origin, ['limbeck', ...place.folders, place.file], { create: true });

  function alone<Result>(mode: LockMode, key: string, work: () => Promise<Result>): Promise<Result> {
    const held: Promise<unknown> = navigator.locks.request(`limbeck/${name}/${key}`, { mode }, work);
    return held as Promise<Result>;
  }

  async function read<Result>(key: string, part: (file: File) => Promise<Result>): Promise<Result | undefined> {
    const { folders, file } = placeOf(key);
    const work = async () => {
      const handle = await (await folderIn(root, folders)).getFileHandle(file + VALUE);
      return part(await handle.getFile());
    };
    return alone('shared', key, () => work().catch(undefinedIfMissing));
  }

  return {
    kind: 'opfs',
    get: (key) => read(key, async (file) => new Uint8Array(await file.arrayBuffer())),
    getRange: (key, start, end) =>
      read(key, async (file) => new Uint8Array(await file.slice(start, end).arrayBuffer())),
    size: (key) => read(key, async (file) => file.size),
    put: (key, bytes) =>
      alone('exclusive', key, async () => {
        const { folders, file } = placeOf(key);
        const folder = await folderIn(root, folders, { create: true });
        const draft = (await folder.getFileHandle(file + DRAFT, { create: true })) as FileSystemHandle as OpfsFile;
        try {
          await write(draft, bytes);
          await draft.move(folder, file + VALUE);
        } catch (error) {
          // A draft that cannot be removed harms nobody: no reader looks at it, and the next put begins it anew.
          await folder.removeEntry(file + DRAFT).catch(() => undefined);
          throw error;
        }
      }),
    delete: (key) =>
      alone('exclusive', key, async () => {
        const { folders, file } = placeOf(key);
        const work = async () => (await folderIn(root, folders)).removeEntry(file + VALUE);
        await work().catch(undefinedIfMissing);
      }),
    keys: async () => {
      const keys: string[] = [];
      for await (const path of valuesIn(root, '')) keys.push(decodeURIComponent(path));
      return keys;
    },
    close: async () => undefined,
  };
}

async function write(draft: OpfsFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (draft.createWritable) {
    const stream = await draft.createWritable();
    await stream.write(bytes).catch(async (error: unknown) => {
      await stream.abort().catch(() => undefined);
      throw error;
    });
    return stream.close();
  }
  const access = await draft.createSyncAccessHandle?.();
  if (!access) throw new Error('neither createWritable nor createSyncAccessHandle is there');
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
}

/**
 * Where a key lies. Safari gives OPFS names to the disk as they are, where upper and lower case or two spellings of "é"
 * may be one name; so all but small letters, digits, "-", "_" and "." is written as percent and hexadecimal digits, and
 * what is too long for one name goes on inside a folder.
 */
function placeOf(key: string): { folders: string[]; file: string } {
  const name = Array.from(new TextEncoder().encode(key), (byte) => {
    const character = String.fromCharCode(byte);
    return /[-_.a-z0-9]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
  }).join('');
  const folders: string[] = [];
  let start = 0;
  for (; name.length - start > NAME_LENGTH; start += NAME_LENGTH) {
    folders.push(name.slice(start, start + NAME_LENGTH) + CONTINUED);
  }
  return { folders, file: name.slice(start) };
}

async function folderIn(
  from: FileSystemDirectoryHandle,
  folders: readonly string[],
  options?: FileSystemGetDirectoryOptions,
): Promise<FileSystemDirectoryHandle> {
  let folder = from;
  for (const name of folders) folder = await folder.getDirectoryHandle(name, options);
  return folder;
}

async function* valuesIn(folder: FileSystemDirectoryHandle, before: string): AsyncGenerator<string> {
  for await (const [name, entry] of folder.entries()) {
    if (entry.kind === 'file' && name.endsWith(VALUE)) yield before + name.slice(0, -VALUE.length);
    if (entry.kind === 'directory' && name.endsWith(CONTINUED)) {
      yield* valuesIn(entry as FileSystemDirectoryHandle, before + name.slice(0, -CONTINUED.length));
    }
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof Error && error.name === 'NotFoundError') return undefined;
  throw error;
}
