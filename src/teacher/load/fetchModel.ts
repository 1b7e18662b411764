import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import { innerPath } from '../../core/innerPath.ts';
import { given, type OptionsOf, schema } from '../../core/schema.ts';
import type { Address } from '../../network/address.ts';
import { type ModelCache, toModelCache } from '../../network/cache/modelCache.ts';
import { touchModel } from '../../network/cache/modelCacheSpace.ts';
import { type ModelIntegrity, readIntegrity } from '../../network/integrity.ts';
import type { FileProgress } from '../../network/readResponse.ts';
import { sourceBeside } from '../../network/sourceBeside.ts';
import { type StorageState, storageState } from '../../storage/storageState.ts';
import type { Store } from '../../storage/store.ts';
import { checkLength, missingFiles, neededFiles } from './externalData.ts';
import { addressOf, checkModelSource, fetchSource, type ModelSource, nameOf } from './fetchModelSource.ts';

/**
 * Sources of the files in which a model keeps weights, by the paths that the model has for them. 'auto' loads them from the
 * folder of the model's address, and nothing from elsewhere.
 */
export type ExternalData = 'auto' | Readonly<Record<string, ModelSource>>;

const OPTIONS = schema('fetchModel', {
  /** What the files must hash to. */
  integrity: given<ModelIntegrity>(),
  /** Default: 'auto'. */
  externalData: given<ExternalData>(),
  /** Keeps files from http(s) addresses, and returns them when the server says that they did not change. */
  cache: given<Store | ModelCache>(),
  /** For all files together. The total is undefined while it is unknown, and grows once the files are known. */
  onProgress: given<FileProgress>(),
  /** Stops the loading. */
  signal: given<AbortSignal>(),
});

/** How a model is loaded. */
export interface FetchModelOptions extends OptionsOf<typeof OPTIONS> {}

/** A file next to a model, by the path that the model has for it. */
export interface ModelFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isOwned: boolean;
}

/** A model with all its files, in memory. */
export interface ModelBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether these bytes are limbeck's, so that they may move to a worker. */
  readonly isOwned: boolean;
  readonly externalData: readonly ModelFile[];
  /** One sentence for each thing about loading and keeping that a person should know. */
  readonly notices: readonly string[];
  /** What the browser grants, if a cache was used. */
  readonly storage?: StorageState;
}

/** Throws    invalid-option */
export function checkFetchModel(source: ModelSource, options: FetchModelOptions): void {
  const { integrity, externalData = 'auto', cache } = OPTIONS.read(options);
  checkModelSource(source);
  readIntegrity(integrity, source);
  if (cache !== undefined) toModelCache(cache);
  if (externalData === 'auto') return;
  if (Object.prototype.toString.call(externalData) !== '[object Object]') {
    throw new LimbeckError(
      'invalid-option',
      `"externalData" was ${String(externalData)}; it must be "auto", or give a source for each path, such as ` +
        '{ "weights.bin": "/models/weights.bin" }.',
      { details: { name: 'externalData', value: String(externalData) } },
    );
  }
  for (const [path, file] of Object.entries(externalData)) checkModelSource(file, `externalData["${path}"]`);
}

/**
 * Reads a model and the files that it names, as streams, so that progress can be reported and the download stopped.
 * Throws    invalid-option · model-unreachable · integrity-mismatch · invalid-onnx: no ONNX file, or files that it needs
 *           are missing, too short or outside its folder · out-of-memory · AbortError
 */
export async function fetchModel(source: ModelSource, options: FetchModelOptions = {}): Promise<ModelBytes> {
  checkFetchModel(source, options);
  const { signal, externalData = 'auto' } = options;
  throwIfAborted(signal);
  const name = nameOf(source);
  const checks = readIntegrity(options.integrity, source);
  const cache = options.cache === undefined ? undefined : toModelCache(options.cache);
  const notices: string[] = [];
  const partOf = makeMeter(options.onProgress);
  const address = addressOf(source);
  const shared = { cache, signal, notify: (notice: string) => void notices.push(notice) };

  const { hash, ...model } = await fetchSource({
    ...shared,
    source,
    name,
    integrity: checks?.main(name),
    onProgress: partOf(),
  });
  if (model.bytes.byteLength === 0) {
    throw new LimbeckError('invalid-onnx', `"${model.name}" is empty. Check the file, and where it comes from.`);
  }
  const needed = await neededFiles(model.bytes, model.name);
  throwIfAborted(signal);
  const paths = needed.map(({ path }) => path);
  const hashes = checks?.beside(paths, name);
  const files = sourcesOf(paths, source, externalData, model.name, shared.notify);
  if (cache !== undefined && address !== undefined && hash !== undefined) {
    const addresses = Array.from(files.values(), (file) => addressOf(file)).filter((one) => one !== undefined);
    for (const notice of await touchModel(cache, { address, hash, files: addresses })) shared.notify(notice);
  }
  // All parts are known before the first is read, so that the total counts them from then on.
  const parts = needed.map((file) => ({ file, onProgress: partOf(file.leastBytes || undefined) }));
  const loaded: ModelFile[] = [];
  for (const { file, onProgress } of parts) {
    const { bytes, isOwned } = await fetchSource({
      ...shared,
      source: files.get(file.path) as ModelSource,
      name: file.path,
      integrity: hashes?.get(file.path),
      // Next to a model that is not kept, a file is kept for its own sake.
      modelAddress: hash === undefined ? undefined : address,
      onProgress,
    });
    checkLength(file, bytes.byteLength, model.name);
    loaded.push({ path: file.path, bytes, isOwned });
  }
  const storage = cache === undefined ? undefined : await storageState();
  return { ...model, externalData: loaded, notices, ...(storage && { storage }) };
}

/** Throws    invalid-onnx: a file is not given */
function sourcesOf(
  paths: readonly string[],
  source: ModelSource,
  externalData: ExternalData,
  name: string,
  notify: (notice: string) => void,
): Map<string, ModelSource> {
  const found = new Map<string, ModelSource>();
  const base = addressOf(source);
  if (externalData !== 'auto') {
    for (const [path, file] of Object.entries(externalData)) {
      const inner = innerPath(path);
      if (inner !== undefined && paths.includes(inner)) found.set(inner, file);
      else notify(`The file "${path}" of "externalData" is not read: "${name}" names ${paths.join(', ') || 'none'}.`);
    }
  } else if (base !== undefined && /^(https?|file):/.test(base)) {
    for (const path of paths) found.set(path, sourceBeside(path, source as Address));
  }
  const missing = paths.filter((path) => !found.has(path));
  if (missing.length > 0) throw missingFiles(name, paths, missing);
  return found;
}

/** Adds up the progress of several files. Their totals are undefined until all of them are known. */
function makeMeter(onProgress: FileProgress = () => undefined) {
  const files: { loaded: number; total: number | undefined }[] = [];
  return (expectedBytes?: number): FileProgress => {
    const file = { loaded: 0, total: expectedBytes };
    files.push(file);
    return (loadedBytes, totalBytes = expectedBytes) => {
      file.loaded = loadedBytes;
      file.total = totalBytes === undefined ? undefined : Math.max(totalBytes, loadedBytes);
      let [loaded, total]: [number, number | undefined] = [0, 0];
      for (const one of files) {
        loaded += one.loaded;
        total = total === undefined || one.total === undefined ? undefined : total + one.total;
      }
      onProgress(loaded, total);
    };
  };
}
