import { LimbeckError } from '../core/errors.ts';
import { takeTurns } from '../core/turns.ts';

/** A file with its place in the folder or archive that it comes from: 'roses/1.jpg'. */
export interface DataFile {
  readonly path: string;
  readonly file: Blob;
}

/** Files whose class is the folder in which they lie. */
export interface FilesByFolder {
  readonly files: readonly Blob[];
  /** The class of each, a place in `classes`. */
  readonly labels: Int32Array;
  /** The names of the folders, in the order of the alphabet. */
  readonly classes: readonly string[];
}

/** What browsers hand out as a folder: a handle of `showDirectoryPicker`, or the files of an `<input webkitdirectory>`. */
export type FolderLike = FileSystemDirectoryHandle | Iterable<File>;

/** Folders within folders, at most. */
const MOST_DEPTH = 32;

/**
 * All files of a folder that a person chose, those of its folders too, in the order of their paths. Hidden ones are left out.
 * Throws    file-invalid: folders within folders without end · AbortError
 *
 * @example
 * const { files: chosen } = document.querySelector('input') as HTMLInputElement;
 * const found = await filesOfFolder(chosen ?? []);
 */
export async function filesOfFolder(
  folder: FolderLike,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<DataFile[]> {
  const files =
    Symbol.iterator in folder
      ? Array.from(folder, (file) => ({
          path: (file.webkitRelativePath || file.name).replace(/^[^/]*\/(?=.)/, ''),
          file,
        }))
      : await filesIn(folder, '', takeTurns(signal), 0);
  const shown = files.filter(({ path }) => !path.split('/').some((part) => part.startsWith('.')));
  return shown.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function filesIn(
  folder: FileSystemDirectoryHandle,
  before: string,
  turn: () => Promise<void>,
  depth: number,
): Promise<DataFile[]> {
  if (depth > MOST_DEPTH) {
    throw new LimbeckError(
      'file-invalid',
      `"${before}" lies in more than ${MOST_DEPTH} folders; choose one further in.`,
    );
  }
  const found: DataFile[] = [];
  for await (const handle of (folder as unknown as { values(): AsyncIterable<FileSystemHandle> }).values()) {
    await turn();
    const path = `${before}${handle.name}`;
    if (handle.kind === 'file') found.push({ path, file: await (handle as FileSystemFileHandle).getFile() });
    else found.push(...(await filesIn(handle as FileSystemDirectoryHandle, `${path}/`, turn, depth + 1)));
  }
  return found;
}

/**
 * Files with classes: the name of the last folder of each path. `isWanted` leaves out what is no example, such as a list beside them.
 * Throws    labels-missing: a file that lies in no folder · empty-dataset: no file is left
 *
 * @example
 * const found = await filesOfZip(new Blob([bytes]));
 * const flowers = labelledByFolder(found, ({ path }) => /\.(jpe?g|png)$/i.test(path));
 * const examples = fromImages(flowers.files, { width: 64, height: 64 }, flowers.labels);
 */
export function labelledByFolder(
  all: readonly DataFile[],
  isWanted: (file: DataFile) => boolean = () => true,
): FilesByFolder {
  const wanted = all.filter(isWanted);
  const names = wanted.map(({ path }) => {
    const name = path.split('/').at(-2);
    if (name !== undefined) return name;
    throw new LimbeckError(
      'labels-missing',
      `"${path}" lies in no folder, whose name would be its class. Put the files of each class into a folder, or leave it out by "isWanted".`,
      { details: { path } },
    );
  });
  if (wanted.length === 0) {
    throw new LimbeckError('empty-dataset', 'No file is left of the folder. Choose another.', {
      details: { role: 'folder' },
    });
  }
  const classes = [...new Set(names)].sort();
  return {
    files: wanted.map(({ file }) => file),
    labels: Int32Array.from(names, (name) => classes.indexOf(name)),
    classes,
  };
}
