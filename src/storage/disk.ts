import { fileAddress, filePath, nodeModule } from '../core/node.ts';
import { makeQueue } from '../core/queue.ts';
import type { Medium } from './medium.ts';
import { DRAFT, placeOf, storeFolders, VALUE } from './opfsNames.ts';

/** A draft that nobody has written to for so long was left by a process that died. */
const ABANDONED_MS = 60_000;

type Files = typeof import('node:fs/promises');

/** A clause that says what is missing here; undefined if nothing is. */
export function diskObstacle(): string | undefined {
  return nodeModule('fs/promises') === undefined
    ? 'folders are offered by Node, Bun and Deno, not by a browser'
    : undefined;
}

function modules() {
  const files = nodeModule<Files>('fs/promises');
  const path = nodeModule<typeof import('node:path')>('path');
  if (files === undefined || path === undefined) throw new Error(diskObstacle());
  return { files, path };
}

/**
 * A folder of the disk, in Node: one file for each key, under the names that OPFS has. A put writes a draft, flushes it and
 * renames it, so that a crash or a loss of power leaves the old value or the new one. Processes may share the folder.
 */
export async function openDisk(name: string, folder: string): Promise<Medium> {
  const { files, path } = modules();
  const root = path.join(filePath(fileAddress(folder) ?? folder) ?? folder, ...storeFolders(name));
  await files.mkdir(root, { recursive: true });
  const inTurn = makeQueue();

  const placesIn = (key: string) => {
    const { folders, file } = placeOf(key);
    return { folders, folder: path.join(root, ...folders), file };
  };
  const fileOf = (key: string) => {
    const { folder: inside, file } = placesIn(key);
    return path.join(inside, file + VALUE);
  };

  async function put(key: string, bytes: Uint8Array): Promise<void> {
    const { folder: inside, file } = placesIn(key);
    const draft = path.join(inside, `${file}.${crypto.randomUUID()}${DRAFT}`);
    try {
      // Another process may just have removed the folder of a long key, because it was empty.
      await writeDraft(files, draft, inside, bytes).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
        return writeDraft(files, draft, inside, bytes);
      });
      await files.rename(draft, path.join(inside, file + VALUE));
      await flushFolder(files, inside);
    } catch (error) {
      await files.rm(draft, { force: true }).catch(() => undefined);
      throw isFull(error) ? new DOMException(String((error as Error).message), 'QuotaExceededError') : error;
    }
  }

  async function remove(key: string): Promise<void> {
    const { folders } = placesIn(key);
    await files.rm(fileOf(key), { force: true });
    // The folders of a long key are named like parts of it; those that hold others stay.
    for (let depth = folders.length; depth > 0; depth--) {
      const isGone = await files.rmdir(path.join(root, ...folders.slice(0, depth))).then(
        () => true,
        () => false,
      );
      if (!isGone) return;
    }
  }

  async function keys(): Promise<string[]> {
    const found: string[] = [];
    for (const entry of await files.readdir(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const at = path.join(entry.parentPath, entry.name);
      const inside = path.relative(root, at).split(path.sep);
      if (entry.name.endsWith(VALUE)) found.push(keyAt(inside));
      if (entry.name.endsWith(DRAFT)) await sweep(at);
    }
    return found;
  }

  /** A draft holds a value in plain text. */
  async function sweep(draft: string): Promise<void> {
    const { mtimeMs } = (await files.stat(draft).catch(() => undefined)) ?? { mtimeMs: Number.POSITIVE_INFINITY };
    if (Date.now() - mtimeMs > ABANDONED_MS) await files.rm(draft, { force: true });
  }

  await keys();
  return {
    kind: 'disk',
    get: (key) => unlessMissing(files.readFile(fileOf(key)).then((bytes) => new Uint8Array(bytes))),
    getRange: (key, start, end) => unlessMissing(readPart(files, fileOf(key), start, end)),
    size: (key) => unlessMissing(files.stat(fileOf(key)).then(({ size }) => size)),
    put: (key, bytes) => inTurn(() => put(key, bytes)),
    delete: (key) => inTurn(() => remove(key)),
    keys,
    close: async () => undefined,
  };
}

/** The key of a value's file, from the names on the way to it. */
function keyAt(names: readonly string[]): string {
  const folders = names.slice(0, -1).map((folder) => folder.slice(0, folder.lastIndexOf('.')));
  return decodeURIComponent(folders.join('') + (names.at(-1) ?? '').slice(0, -VALUE.length));
}

async function writeDraft(files: Files, draft: string, folder: string, bytes: Uint8Array): Promise<void> {
  await files.mkdir(folder, { recursive: true });
  const file = await files.open(draft, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The new name lasts too; Windows flushes no folders. */
async function flushFolder(files: Files, folder: string): Promise<void> {
  const opened = await files.open(folder).catch(() => undefined);
  await opened?.sync().catch(() => undefined);
  await opened?.close();
}

async function readPart(files: Files, path: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await files.open(path);
  try {
    const { size } = await file.stat();
    const part = new Uint8Array(Math.max(0, Math.min(end, size) - start));
    const { bytesRead } = await file.read(part, 0, part.byteLength, start);
    return part.slice(0, bytesRead);
  } finally {
    await file.close();
  }
}

function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

const codeOf = (error: unknown) => (Object(error) as { code?: unknown }).code;

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function isFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
}
