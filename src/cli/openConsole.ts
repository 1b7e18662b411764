import { LimbeckError } from '../core/errors.ts';
import { innerPath } from '../core/innerPath.ts';
import { openProgress, type Progress } from './progress.ts';

/** Everything on the machine that a command may use. */
export interface Console {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** A line of its own, bold on a terminal. */
  readonly writeTitle: (text: string) => void;
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /**
   * A file that another file names, in its folder or below.
   * Throws    student-invalid: the path, or a link on it, leads out of that folder
   */
  readonly readBeside: (file: string, path: string) => Promise<Uint8Array>;
  /** Creates missing folders. A secret can be read by this user only. */
  readonly writeFile: (
    path: string,
    data: Uint8Array | string,
    options?: { readonly isSecret?: boolean },
  ) => Promise<void>;
  /** The folder of the package's .wasm files. Default: next to the code. */
  readonly assetBase?: string;
  /** The names in a folder, sorted, those of folders with a slash at their end; undefined if it is none. */
  readonly listFolder: (path: string) => Promise<readonly string[] | undefined>;
  /** From now on Ctrl-C aborts this signal; a second one ends the process. */
  readonly interrupt: () => AbortSignal;
  /** Bars on a terminal, a line now and then elsewhere; both go to the errors' side, so that a pipe gets the result only. */
  readonly openProgress: () => Promise<Progress>;
}

/** The terminal, or the pipe, that the process was started with. */
export async function openConsole(): Promise<Console> {
  const { mkdir, readdir, readFile, realpath, rm, stat, writeFile } = await import('node:fs/promises');
  const { dirname, isAbsolute, join, relative, sep } = await import('node:path');
  // A reader of the first lines only closes the pipe; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const isTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  return {
    write: (text) => process.stdout.write(text),
    writeError: (text) => process.stderr.write(text),
    writeTitle: (text) => process.stdout.write(isTerminal ? `\u001b[1m${text}\u001b[0m\n` : `${text}\n`),
    // Slices of a Buffer are views; a plain Uint8Array is passed on.
    readFile: async (path) => new Uint8Array(await readFile(path)),
    readBeside: async (file, path) => {
      const inner = innerPath(path);
      // A link to the file counts as the file: its folder is where it really lies.
      const folder = dirname(await realpath(file));
      const place = inner === undefined ? undefined : await realpath(join(dirname(file), inner));
      const way = place === undefined ? '..' : relative(folder, place);
      if (place === undefined || isAbsolute(way) || way.split(sep)[0] === '..') throw outside(file, path);
      return new Uint8Array(await readFile(place));
    },
    writeFile: async (path, data, { isSecret = false } = {}) => {
      await mkdir(dirname(path), { recursive: true });
      if (isSecret) await rm(path, { force: true });
      await writeFile(path, data, isSecret ? { mode: 0o600 } : {});
    },
    listFolder: async (path) => {
      if (!(await stat(path)).isDirectory()) return undefined;
      const entries = await readdir(path, { withFileTypes: true });
      // A link counts as what it leads to.
      const names = entries.map(async (entry) => {
        const isFolder =
          entry.isDirectory() || (entry.isSymbolicLink() && (await isFolderBehind(join(path, entry.name))));
        return isFolder ? `${entry.name}/` : entry.name;
      });
      return (await Promise.all(names)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    },
    interrupt: () => {
      const controller = new AbortController();
      process.once('SIGINT', () => controller.abort());
      return controller.signal;
    },
    openProgress: () => openProgress(process.stderr),
  };

  async function isFolderBehind(link: string): Promise<boolean> {
    return stat(link).then(
      (found) => found.isDirectory(),
      () => false,
    );
  }
}

function outside(file: string, path: string): LimbeckError {
  return new LimbeckError(
    'student-invalid',
    `"${file}" names "${path}", which leads out of its folder. Only files in that folder are read: copy it there.`,
    { details: { file, path } },
  );
}
