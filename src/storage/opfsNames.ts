import { isNamed } from './medium.ts';

// Names of keys and stores on the disk. Safari passes OPFS names to the file system unchanged, where upper and lower case or two
// spellings of "é" may be the same name. So everything but lower-case letters, digits, "-", "_" and "." is written as percent
// and hexadecimal digits, and what is too long for one name continues inside a folder.

export const VALUE = '.value';
export const DRAFT = '.draft';
const CONTINUED = '.more';

/** Characters of a file name before its ending; file systems allow 255 bytes. */
const NAME_LENGTH = 200;

export function placeOf(key: string): { folders: string[]; file: string } {
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

/** The folder of a store, from the origin's. */
export function storeFolders(name: string): string[] {
  const { folders, file } = placeOf(name);
  return ['limbeck', ...folders, file];
}

export async function folderIn(
  from: FileSystemDirectoryHandle,
  folders: readonly string[],
  options?: FileSystemGetDirectoryOptions,
): Promise<FileSystemDirectoryHandle> {
  let folder = from;
  for (const name of folders) folder = await folder.getDirectoryHandle(name, options);
  return folder;
}

/** An entry of limbeck's in a store's folder. */
export interface Found {
  /** A put writes a draft, and Chromium a swap file next to it; a folder is one without any value. */
  readonly kind: 'value' | 'draft' | 'folder';
  /** Undefined for a folder. */
  readonly key: string | undefined;
  readonly parent: FileSystemDirectoryHandle;
  readonly file: string;
}

/** All entries of limbeck's in a folder and its folders, which follow what they contain. */
export async function* contentsOf(folder: FileSystemDirectoryHandle, before = ''): AsyncGenerator<Found> {
  for await (const [name, entry] of folder.entries()) {
    if (entry.kind === 'file') {
      const isValue = name.endsWith(VALUE);
      const end = name.lastIndexOf(isValue ? VALUE : DRAFT);
      if (end < 0) continue;
      const key = decodeURIComponent(before + name.slice(0, end));
      yield { kind: isValue ? 'value' : 'draft', key, parent: folder, file: name };
    } else if (name.endsWith(CONTINUED)) {
      let isEmpty = true;
      const inside = before + name.slice(0, -CONTINUED.length);
      try {
        for await (const found of contentsOf(entry as FileSystemDirectoryHandle, inside)) {
          if (found.kind === 'value') isEmpty = false;
          yield found;
        }
      } catch (error) {
        // Another tab has removed the folder.
        undefinedIfMissing(error);
        continue;
      }
      if (isEmpty) yield { kind: 'folder', key: undefined, parent: folder, file: name };
    }
  }
}

export function undefinedIfMissing(error: unknown): undefined {
  if (isNamed(error, 'NotFoundError')) return undefined;
  throw error;
}
