// Where a tfjs model comes from: an address, files, a handler, or a model that the page has built.
import type { GraphModel } from '@tensorflow/tfjs-converter';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isAbortError, LimbeckError, messageOf, throwIfAborted } from '../../core/errors.ts';
import type { WeightSpec } from '../../student/student.ts';
import { type FileProgress, readResponse, requestFile } from '../load/fetchModelFile.ts';
import { type PortableTfjsModel, type TfjsArtifacts, toPortableModel } from './tfjsModel.ts';

/** What loads a model's artifacts, as tfjs's `io.IOHandler` does. */
export interface TfjsHandler {
  load(): Promise<TfjsArtifacts> | TfjsArtifacts;
}

/**
 * The address of a model.json, whose weights lie beside it; that file and its weights as files; tfjs's own handler or
 * artifacts; or a LayersModel or GraphModel of the page, of which a copy is taken.
 */
export type TfjsSource =
  | string
  | URL
  | Request
  | readonly File[]
  | TfjsHandler
  | TfjsArtifacts
  | LayersModel
  | GraphModel;

export interface NamedModel {
  readonly name: string;
  readonly model: PortableTfjsModel;
}

/**
 * Reads a model into plain values.
 * Throws    model-unreachable · teacher-failed: what was read is no tfjs model · invalid-option · AbortError
 */
export async function readTfjsSource(
  source: TfjsSource,
  onProgress: FileProgress,
  signal?: AbortSignal,
): Promise<NamedModel> {
  const name = sourceName(source);
  try {
    const model = toPortableModel(await artifactsFrom(source, onProgress, signal));
    return { name, model };
  } catch (error) {
    if (error instanceof LimbeckError || isAbortError(error)) throw error;
    throw new LimbeckError(
      'teacher-failed',
      `"${name}" is no tfjs model that can be used: ${messageOf(error)}. Give the address of a model.json, its files, ` +
        'or a LayersModel or GraphModel.',
      { cause: error },
    );
  }
}

async function artifactsFrom(source: TfjsSource, onProgress: FileProgress, signal?: AbortSignal) {
  if (typeof source === 'string' || source instanceof URL || source instanceof Request) {
    return artifactsFromAddress(source, onProgress, signal);
  }
  if (Array.isArray(source)) return artifactsFromFiles(source as readonly File[], signal);
  if (isModel(source)) return artifactsFromModel(source);
  if ('load' in (source as object)) return (source as TfjsHandler).load();
  return source as TfjsArtifacts;
}

function isModel(source: unknown): source is LayersModel | GraphModel {
  const model = source as Partial<LayersModel> | null;
  return typeof model?.save === 'function' && typeof model.predict === 'function';
}

/** tfjs hands a model's parts to whoever "saves" it, without copying a file. */
export async function artifactsFromModel(model: LayersModel | GraphModel): Promise<TfjsArtifacts> {
  let saved: TfjsArtifacts | undefined;
  await model.save({
    save: async (artifacts) => {
      saved = artifacts as TfjsArtifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  return saved as TfjsArtifacts;
}

interface ModelJson extends TfjsArtifacts {
  readonly weightsManifest?: readonly { readonly paths: readonly string[]; readonly weights: readonly WeightSpec[] }[];
}

/** What a model.json says, and the files of its weights in order. */
function parseModelJson(bytes: Uint8Array): { json: ModelJson; paths: readonly string[] } {
  let json: ModelJson;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes)) as ModelJson;
  } catch (error) {
    throw new Error(`its model.json is no JSON (${messageOf(error)})`, { cause: error });
  }
  const manifest = json?.weightsManifest;
  if (!Array.isArray(manifest)) throw new Error('its model.json has no weightsManifest');
  return {
    json: { ...json, weightSpecs: manifest.flatMap(({ weights = [] }) => weights) },
    paths: manifest.flatMap(({ paths = [] }) => paths),
  };
}

async function artifactsFromAddress(
  source: string | URL | Request,
  onProgress: FileProgress,
  signal?: AbortSignal,
): Promise<TfjsArtifacts> {
  const address = source instanceof Request ? source.url : String(source);
  let before = 0;
  const read = async (from: string | URL | Request, of: string) => {
    const response = await requestFile(from, of, signal);
    const bytes = await readResponse(response, of, {
      onProgress: (loaded) => onProgress(before + loaded, undefined),
      ...(signal && { signal }),
    });
    before += bytes.byteLength;
    return bytes;
  };
  const { json, paths } = parseModelJson(await read(source, address));
  const base = new URL(address, globalThis.location?.href);
  const parts: ArrayBuffer[] = [];
  for (const path of paths) {
    const url = new URL(path, base);
    // A signed address says so after the question mark, for every file of the folder.
    if (url.search === '') url.search = base.search;
    const given = source instanceof Request ? new Request(url, source) : url;
    parts.push(toBuffer(await read(given, url.href)));
  }
  return { ...json, weightData: parts };
}

async function artifactsFromFiles(files: readonly File[], signal?: AbortSignal): Promise<TfjsArtifacts> {
  const main = files.find(({ name }) => name.endsWith('.json'));
  if (main === undefined) throw new Error(`there is no .json among ${files.map(({ name }) => name).join(', ')}`);
  const { json, paths } = parseModelJson(new Uint8Array(await main.arrayBuffer()));
  const parts: ArrayBuffer[] = [];
  for (const path of paths) {
    throwIfAborted(signal);
    const name = path.split('/').at(-1);
    const file = files.find((one) => one.name === name);
    if (file === undefined) throw new Error(`its weights "${name}" are not among the files`);
    parts.push(await file.arrayBuffer());
  }
  return { ...json, weightData: parts };
}

function toBuffer(bytes: Uint8Array): ArrayBuffer {
  const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  return isWhole ? (bytes.buffer as ArrayBuffer) : new Uint8Array(bytes).buffer;
}

/** Throws    invalid-option: nothing that a model could be read from */
function sourceName(source: TfjsSource): string {
  if (typeof source === 'string' || source instanceof URL || source instanceof Request) {
    const address = source instanceof Request ? source.url : String(source);
    // The file is called model.json nearly everywhere; its folder says more.
    const parts = (address.split(/[?#]/)[0] ?? '').split('/').filter((part) => part !== '');
    return (parts.at(-1) === 'model.json' ? parts.at(-2) : parts.at(-1)) ?? 'tfjs model';
  }
  if (Array.isArray(source)) return (source[0] as File | undefined)?.name ?? 'tfjs model';
  if (typeof source === 'object' && source !== null) {
    const { name } = source as { name?: unknown };
    return typeof name === 'string' && name !== '' ? name : 'tfjs model';
  }
  throw new LimbeckError(
    'invalid-option',
    `The tfjs model was ${String(source)}; give an address, files, artifacts, a LayersModel or a GraphModel.`,
  );
}
