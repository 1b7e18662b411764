// Where a tfjs model comes from: an address, files, a handler, or a model that the page has built.

import type { InferenceModel, io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isAbortError, LimbeckError, messageOf } from '../../core/errors.ts';
import { requireInnerPath } from '../../core/innerPath.ts';
import { parseJson } from '../../core/parseJson.ts';
import { type PortableTfjsModel, type TfjsArtifacts, toPortableModel } from '../../model/portableModel.ts';
import {
  folderBeside,
  folderOf,
  type TfjsFileSet,
  type TfjsFolder,
  type TfjsFolderOptions,
} from '../../model/tfjsFolder.ts';
import { type Address, addressOf, fileNameOf, isAddress, isRequest } from '../../network/address.ts';
import { fetchFile } from '../../network/fetchFile.ts';
import { checkIntegrity, type IntegrityChecks, type ModelIntegrity, readIntegrity } from '../../network/integrity.ts';
import type { FileProgress } from '../../network/readResponse.ts';
import { savedParts } from '../../student/layersModel.ts';
import type { WeightSpec } from '../../student/student.ts';
import { joinWeights } from '../../student/weightBytes.ts';

/** What loads a model's artifacts, as tfjs's `io.IOHandler` does. */
export interface TfjsHandler {
  load(): Promise<TfjsArtifacts> | TfjsArtifacts;
}

/** tfjs's GraphModel, as far as it is needed: tfjs-converter is no peer. */
export interface TfjsGraphModel extends InferenceModel {
  save(handler: io.IOHandler | string): Promise<io.SaveResult>;
}

/**
 * The address of a model.json, whose weights lie beside it; that file and its weights as files, or by their names; tfjs's
 * own handler or artifacts; or a LayersModel or GraphModel of the page, of which a copy is taken.
 */
export type TfjsSource =
  | string
  | URL
  | Request
  | TfjsFileSet
  | TfjsHandler
  | TfjsArtifacts
  | LayersModel
  | TfjsGraphModel;

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
  if (isAddress(source) || Array.isArray(source) || isNamedFiles(source)) {
    return artifactsFromFolder(source as Address | TfjsFileSet, options, checks);
  }
  if (checks !== undefined) {
    throw new LimbeckError('invalid-option', '"integrity" is for files; a model that is in memory has none.', {
      details: { name: 'integrity' },
    });
  }
  if (isModel(source)) return (await savedParts(source as LayersModel)) as TfjsArtifacts;
  if ('load' in (source as object)) return (source as TfjsHandler).load();
  return source as TfjsArtifacts;
}

function isModel(source: unknown): source is LayersModel | TfjsGraphModel {
  const model = source as Partial<LayersModel> | null;
  return typeof model?.save === 'function' && typeof model.predict === 'function';
}

function isNamedFiles(source: unknown): boolean {
  return typeof source === 'object' && source !== null && 'model.json' in source;
}

interface ModelJson extends TfjsArtifacts {
  readonly weightsManifest?: readonly { readonly paths: readonly string[]; readonly weights: readonly WeightSpec[] }[];
}

/** What a model.json says, and the paths of its weights in order. */
function parseModelJson(bytes: Uint8Array): { json: ModelJson; paths: string[] } {
  if (bytes.byteLength === 0) throw new Error('there is no .json among its files');
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
    paths: manifest.flatMap(({ paths = [] }) => paths).map(requireInnerPath),
  };
}

async function artifactsFromFolder(
  source: Address | TfjsFileSet,
  { onProgress, signal }: TfjsSourceOptions,
  checks: IntegrityChecks | undefined,
): Promise<TfjsArtifacts> {
  let parsed: ReturnType<typeof parseModelJson> | undefined;
  const pathsOf = (bytes: Uint8Array) => {
    parsed = parseModelJson(bytes);
    return parsed.paths;
  };
  const options = { checks, pathsOf, onProgress, signal };
  const folder = isAddress(source) ? await folderAt(source, options) : await folderOf(source, options);
  const { json, paths } = parsed ?? parseModelJson(folder.json);
  const parts = await Promise.all(
    paths.map(async (path) => {
      const bytes = await folder.read(path);
      if (bytes === undefined) throw new Error(`its weights "${path}" are not among the files`);
      return bytes;
    }),
  );
  return { ...json, weightData: joinWeights(parts) };
}

async function folderAt(source: Address, options: TfjsFolderOptions): Promise<TfjsFolder> {
  const { checks, onProgress, signal } = options;
  const main = fileNameOf(addressOf(source)) || 'model.json';
  const integrity = checks?.main(main);
  const json = await fetchFile(source, { onProgress, signal });
  await checkIntegrity(json, integrity, main);
  return folderBeside(json, main, source, options);
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
