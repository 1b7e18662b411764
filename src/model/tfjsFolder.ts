// Reads a model.json and the weight files that it names: checked, and never from outside its folder.
import { throwIfAborted } from '../core/errors.ts';
import { givenNames } from '../core/innerPath.ts';
import type { Address } from '../network/address.ts';
import type { KeptFiles } from '../network/cache/keptFiles.ts';
import { fetchFile } from '../network/fetchFile.ts';
import { checkIntegrity, type IntegrityChecks } from '../network/integrity.ts';
import type { FileProgress } from '../network/readResponse.ts';
import { sourceBeside } from '../network/sourceBeside.ts';
import type { StudentFiles } from '../student/files/files.ts';

/** A model.json and its weight files, as a person picked them or by name. */
export type TfjsFileSet = readonly File[] | StudentFiles | Readonly<Record<string, string | Uint8Array | Blob>>;

export interface TfjsFolder {
  /** The model.json, empty if there is none, and its name there. */
  readonly json: Uint8Array;
  readonly main: string;
  /** The names of the other given files. */
  readonly names: readonly string[];
  /**
   * Reads one of the files that the model.json names; undefined if it was not given.
   * Throws    integrity-mismatch · model-unreachable · AbortError
   */
  read(path: string): Promise<Uint8Array | undefined>;
}

export interface TfjsFolderOptions {
  readonly checks?: IntegrityChecks | undefined;
  /** The paths of the weights that a model.json names, all within its folder. */
  readonly pathsOf: (json: Uint8Array) => readonly string[];
  readonly onProgress?: FileProgress;
  readonly signal?: AbortSignal | undefined;
  /** Fetches the files, where a cache keeps them; the model.json came through it. */
  readonly kept?: KeptFiles | undefined;
}

/**
 * The folder at an address, of a model.json that was read and checked already.
 * Throws    invalid-option: hashes that do not match the files · what `pathsOf` throws
 */
export function folderBeside(json: Uint8Array, main: string, source: Address, options: TfjsFolderOptions): TfjsFolder {
  const { checks, pathsOf, onProgress = () => undefined, signal, kept } = options;
  const paths = pathsOf(json);
  const hashes = checks?.beside(paths, main);
  let used: Promise<void> | undefined;
  let before = json.byteLength;
  return {
    json,
    main,
    names: [],
    async read(path) {
      let own = 0;
      const progress: FileProgress = (loaded) => {
        before += loaded - own;
        own = loaded;
        onProgress(before, undefined);
      };
      const [file, integrity] = [sourceBeside(path, source), hashes?.get(path)];
      if (kept !== undefined) {
        used ??= kept.use(paths.map((one) => sourceBeside(one, source)));
        await used;
        return kept.fetch(file, path, { integrity, onProgress: progress });
      }
      const bytes = await fetchFile(file, { onProgress: progress, signal });
      await checkIntegrity(bytes, integrity, path);
      return bytes;
    },
  };
}

/**
 * A folder of given files: "model.json", or else the first file whose name ends in .json, and the files that it names.
 * Throws    integrity-mismatch · invalid-option: hashes that do not match the files · what `pathsOf` throws
 */
export async function folderOf(files: TfjsFileSet, options: TfjsFolderOptions): Promise<TfjsFolder> {
  const { checks, pathsOf, signal } = options;
  const byName = new Map<string, string | Uint8Array | Blob>(
    Array.isArray(files) ? files.map((file: File) => [file.name, file]) : Object.entries(files),
  );
  const found = byName.has('model.json') ? 'model.json' : [...byName.keys()].find((name) => name.endsWith('.json'));
  const main = found ?? 'model.json';
  const names = [...byName.keys()].filter((name) => name !== main);
  const bytesOf = async (name: string) => {
    throwIfAborted(signal);
    return new Uint8Array(await new Blob([byName.get(name) as BlobPart]).arrayBuffer());
  };
  const json = found === undefined ? new Uint8Array() : await bytesOf(found);
  if (found !== undefined) await checkIntegrity(json, checks?.main(main), main);
  const paths = pathsOf(json);
  const hashes = checks?.beside(paths, main);
  const nameOf = givenNames(paths, names);
  return {
    json,
    main,
    names,
    async read(path) {
      const name = nameOf(path);
      if (name === undefined) return undefined;
      const bytes = await bytesOf(name);
      await checkIntegrity(bytes, hashes?.get(path), path);
      return bytes;
    },
  };
}
