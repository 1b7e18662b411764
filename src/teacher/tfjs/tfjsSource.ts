// Where a tfjs model comes from: an address, files, a handler, or a model that the page has built.

import type { GraphModel } from '@tensorflow/tfjs-converter';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isAbortError, LimbeckError, messageOf, throwIfAborted } from '../../core/errors.ts';
import { givenNames, innerPath } from '../../core/innerPath.ts';
import { parseJson } from '../../core/parseJson.ts';
import { isTagged } from '../../core/tags.ts';
import { type PortableTfjsModel, type TfjsArtifacts, toPortableModel } from '../../model/portableModel.ts';
import { type Address, addressOf, fileNameOf, isAddress, isRequest } from '../../network/address.ts';
import { fetchFile } from '../../network/fetchFile.ts';
import {
  checkIntegrity,
  type Integrity,
  type IntegrityChecks,
  type ModelIntegrity,
  readIntegrity,
} from '../../network/integrity.ts';
import type { FileProgress } from '../../network/readResponse.ts';
import { sourceBeside } from '../../network/sourceBeside.ts';
import type { StudentFiles } from '../../student/files.ts';
import type { WeightSpec } from '../../student/student.ts';

/** What loads a model's artifacts, as tfjs's `io.IOHandler` does. */
export interface TfjsHandler {
  load(): Promise<TfjsArtifacts> | TfjsArtifacts;
}

/** A model.json and the files of weights that it names, by their names: what `toFiles` and `toTfjs` give, or blobs of it. */
export type NamedFiles = StudentFiles | Readonly<Record<string, string | Uint8Array | Blob>>;

/**
 * The address of a model.json, whose weights lie beside it; that file and its weights as files, or by their names; tfjs's
 * own handler or artifacts; or a LayersModel or GraphModel of the page, of which a copy is taken.
 */
export type TfjsSource =
  | string
  | URL
  | Request
  | readonly File[]
  | NamedFiles
  | TfjsHandler
  | TfjsArtifacts
  | LayersModel
  | GraphModel;

/** How it is read. */
export interface TfjsSourceOptions {
  readonly onProgress: FileProgress;
  readonly integrity?: ModelIntegrity;
  readonly signal?: AbortSignal;
}

export interface NamedModel {
  readonly name: string;
  readonly model: PortableTfjsModel;
}

/**
 * Reads a model into plain values.
 * Throws    model-unreachable · integrity-mismatch · teacher-failed: what was read is no tfjs model · invalid-option ·
 *           AbortError
 */
export async function readTfjsSource(source: TfjsSource, options: TfjsSourceOptions): Promise<NamedModel> {
  const name = sourceName(source);
  const checks = readIntegrity(options.integrity, source);
  try {
    const model = toPortableModel(await artifactsFrom(source, options, checks));
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

async function artifactsFrom(source: TfjsSource, options: TfjsSourceOptions, checks: IntegrityChecks | undefined) {
  if (isAddress(source)) return artifactsFromAddress(source, options, checks);
  if (Array.isArray(source)) return artifactsFromFiles(source as readonly File[], options, checks);
  if (isNamedFiles(source)) return artifactsFromFiles(filesOf(source), options, checks);
  if (checks !== undefined) {
    throw new LimbeckError('invalid-option', '"integrity" is for files; a model that is in memory has none.', {
      details: { name: 'integrity' },
    });
  }
  if (isModel(source)) return artifactsFromModel(source);
  if ('load' in (source as object)) return (source as TfjsHandler).load();
  return source as TfjsArtifacts;
}

function isModel(source: unknown): source is LayersModel | GraphModel {
  const model = source as Partial<LayersModel> | null;
  return typeof model?.save === 'function' && typeof model.predict === 'function';
}

function isNamedFiles(source: unknown): source is NamedFiles {
  return typeof source === 'object' && source !== null && 'model.json' in source;
}

/** As much of a file as is read here. */
type NamedFile = Pick<File, 'name' | 'arrayBuffer'>;

function filesOf(files: NamedFiles): NamedFile[] {
  return Object.entries(files).map(([name, content]) => ({
    name,
    arrayBuffer: () => new Blob([content as BlobPart]).arrayBuffer(),
  }));
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
    json = parseJson(new TextDecoder().decode(bytes)) as ModelJson;
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
  source: Address,
  { onProgress, signal }: TfjsSourceOptions,
  checks: IntegrityChecks | undefined,
): Promise<TfjsArtifacts> {
  let before = 0;
  const read = async (from: Address, name: string, integrity: Integrity | undefined) => {
    const bytes = await fetchFile(from, { onProgress: (loaded) => onProgress(before + loaded, undefined), signal });
    if (integrity !== undefined) await checkIntegrity(bytes, integrity, name);
    before += bytes.byteLength;
    return bytes;
  };
  const main = fileNameOf(addressOf(source)) || 'model.json';
  const { json, paths } = parseModelJson(await read(source, main, checks?.main(main)));
  const inner = paths.map(checkPath);
  const hashes = checks?.beside(inner, main);
  const parts: ArrayBuffer[] = [];
  for (const path of inner) parts.push(toBuffer(await read(sourceBeside(path, source), path, hashes?.get(path))));
  return { ...json, weightData: parts };
}

/** A model must not make the page ask elsewhere, least of all with what the caller's request carries. */
function checkPath(path: string): string {
  const inner = innerPath(path);
  if (inner !== undefined) return inner;
  throw new Error(
    `it keeps weights in ${JSON.stringify(path)}, which must be the path of a file in its folder, such as "weights.bin"`,
  );
}

async function artifactsFromFiles(
  files: readonly NamedFile[],
  { signal }: TfjsSourceOptions,
  checks: IntegrityChecks | undefined,
): Promise<TfjsArtifacts> {
  const main = files.find(({ name }) => name.endsWith('.json'));
  if (main === undefined) throw new Error(`there is no .json among ${files.map(({ name }) => name).join(', ')}`);
  const read = async (file: NamedFile, integrity: Integrity | undefined, name = file.name) => {
    throwIfAborted(signal);
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (integrity !== undefined) await checkIntegrity(bytes, integrity, name);
    return bytes;
  };
  const { json, paths } = parseModelJson(await read(main, checks?.main(main.name)));
  const inner = paths.map(checkPath);
  const hashes = checks?.beside(inner, main.name);
  const byName = new Map(files.filter((file) => file !== main).map((file) => [file.name, file]));
  const nameOf = givenNames(inner, [...byName.keys()]);
  const parts: ArrayBuffer[] = [];
  for (const path of inner) {
    const file = byName.get(nameOf(path) ?? '');
    if (file === undefined) throw new Error(`its weights "${path}" are not among the files`);
    parts.push(toBuffer(await read(file, hashes?.get(path), path)));
  }
  return { ...json, weightData: parts };
}

function toBuffer(bytes: Uint8Array): ArrayBuffer {
  const isWhole = isTagged(bytes.buffer, 'ArrayBuffer') && bytes.byteLength === bytes.buffer.byteLength;
  return isWhole ? (bytes.buffer as ArrayBuffer) : new Uint8Array(bytes).buffer;
}

/** Throws    invalid-option: nothing that a model could be read from */
function sourceName(source: TfjsSource): string {
  if (isAddress(source)) {
    const address = isRequest(source) ? source.url : String(source);
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
