import { LimbeckError, messageOf } from '../../core/errors.ts';
import { givenNames, innerPath, requireInnerPath } from '../../core/innerPath.ts';
import { parseJson } from '../../core/parseJson.ts';
import { isTagged } from '../../core/tags.ts';
import type { StudentArtifacts } from '../student.ts';
import { joinWeights } from '../weightBytes.ts';
import { formOf } from './fileForm.ts';
import { type ManifestWeight, restoreWeight, storedBytes } from './quantizedWeights.ts';

/** The two files that plain tfjs loads with `tf.loadLayersModel('…/model.json')`. */
export interface StudentFiles {
  readonly 'model.json': string;
  readonly 'weights.bin': Uint8Array<ArrayBuffer>;
}

/** A tfjs layers model as files by their names: model.json and the files of weights that it names. */
export type TfjsFiles = Readonly<Record<string, string | Uint8Array>>;

/** A student's weights as the two files of tfjs's layers format. */
export function toFiles({ modelTopology, weightSpecs, weightData }: StudentArtifacts): StudentFiles {
  const model = modelJson(modelTopology, [{ paths: ['weights.bin'], weights: weightSpecs }]);
  return { 'model.json': model, 'weights.bin': new Uint8Array(weightData.slice(0)) };
}

/** Weights that are stored one after the other in some files. */
export interface WeightGroup {
  readonly paths: readonly string[];
  readonly weights: readonly ManifestWeight[];
}

/** The text of a model.json. */
export function modelJson(modelTopology: object, weightsManifest: readonly WeightGroup[]): string {
  return JSON.stringify({
    format: 'layers-model',
    generatedBy: 'limbeck',
    convertedBy: null,
    modelTopology,
    weightsManifest,
  });
}

/**
 * A student from the files of tfjs's layers format, as limbeck, tfjs's `model.save` and tfjs's converter write them:
 * with weights in one file or several, in full or quantized to float16, uint8 or uint16, which become floats again.
 * Throws    student-invalid: the files are not a layers model, one is missing, or the weights have another length than
 *           the model says
 */
export function artifactsFromFiles(files: StudentFiles | TfjsFiles): StudentArtifacts {
  const byName = files as TfjsFiles;
  return orNoModel(() => {
    const json = readModelJson(byName['model.json'] ?? '');
    const find = weightFinder(byName, allPaths(json));
    return toArtifacts(json, (path) => find(innerPath(path) ?? path) ?? missing(path, Object.keys(byName)));
  });
}

/**
 * The same of a model.json, with its files of weights from wherever `read` finds them: it is asked for paths in the folder
 * of the model.json only, and gives undefined for one that is not among the `names` that were given.
 * Throws    student-invalid · what `read` throws
 */
export async function readModelFiles(
  model: string | Uint8Array,
  read: (path: string) => Promise<Uint8Array | undefined>,
  names: readonly string[] = [],
): Promise<StudentArtifacts> {
  const json = orNoModel(() => readModelJson(model));
  const paths = orNoModel(() => pathsOf(json));
  const parts = new Map(await Promise.all(paths.map(async (path) => [path, await read(path)] as const)));
  return orNoModel(() =>
    toArtifacts(json, (path) => parts.get(innerPath(path) ?? path) ?? missing(path, ['model.json', ...names])),
  );
}

function missing(path: string, names: readonly string[]): never {
  throw new Error(`its weights "${path}" are not among the files ${names.join(', ')}`);
}

/** Names of the files of weights that a model.json asks for. Throws    student-invalid */
export function weightPaths(model: string | Uint8Array): string[] {
  return orNoModel(() => pathsOf(readModelJson(model)));
}

function pathsOf(json: ReadModelJson): string[] {
  return allPaths(json).map(requireInnerPath);
}

function allPaths({ groups }: ReadModelJson): string[] {
  return groups.flatMap(({ paths }) => paths).map((path) => innerPath(path) ?? path);
}

function toArtifacts({ modelTopology, groups }: ReadModelJson, read: (path: string) => Uint8Array): StudentArtifacts {
  const parts = groups.flatMap((group) => readGroup(group, read));
  const weightSpecs = groups
    .flatMap(({ weights }) => weights)
    .map(({ name, shape, dtype }) => ({ name, shape, dtype }));
  return { modelTopology, weightSpecs, weightData: joinWeights(parts) };
}

function orNoModel<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new LimbeckError('student-invalid', `These files are no tfjs layers model (${messageOf(error)}).`, {
      cause: error,
    });
  }
}

interface ModelJson {
  readonly format?: string;
  readonly modelTopology?: unknown;
  readonly weightsManifest?: unknown;
  readonly class_name?: string;
}

interface ReadModelJson {
  readonly modelTopology: object;
  readonly groups: readonly WeightGroup[];
}

function readModelJson(model: string | Uint8Array): ReadModelJson {
  const text = typeof model === 'string' ? model : textOf(model);
  if (text === '') throw new Error('there is no model.json');
  const json = parseJson(text) as ModelJson | null;
  const { format, modelTopology, weightsManifest } = json ?? {};
  if (json?.class_name !== undefined && weightsManifest === undefined) {
    throw new Error(
      'this is what Keras’s to_json() writes, a topology without weights; convert the model with tensorflowjs_converter',
    );
  }
  if (typeof modelTopology !== 'object' || modelTopology === null) throw new Error('model.json has no modelTopology');
  if (format === 'graph-model' || 'node' in modelTopology) {
    throw new Error('it is a graph model, which cannot be trained; loadTfjsTeacher takes it as a teacher');
  }
  if (hasKeras3(modelTopology)) {
    throw new Error(
      'it was saved by Keras 3, whose topology tfjs cannot build; save it with tf_keras (TF_USE_LEGACY_KERAS=1) and convert again',
    );
  }
  if (!Array.isArray(weightsManifest)) throw new Error('model.json has no weightsManifest');
  return { modelTopology, groups: weightsManifest.map(checkGroup) };
}

/** The text of a model.json; two formats that are often mistaken for it are recognised by their first bytes. */
function textOf(bytes: Uint8Array): string {
  if (String.fromCharCode(...bytes.subarray(0, 4)) === '\x89HDF')
    throw new Error('this is a Keras .h5 file; convert it with tensorflowjs_converter');
  if (formOf(bytes) === 'zip')
    throw new Error('this is a ZIP, such as a .keras file or a bundle; readBundle reads a bundle');
  return new TextDecoder().decode(bytes);
}

/** Keras 3 names the module of every class; tfjs's own topologies do not. */
function hasKeras3(topology: object): boolean {
  const { model_config: inner = topology } = topology as { model_config?: unknown };
  const { module, config } = (inner ?? {}) as { module?: unknown; config?: { layers?: unknown } };
  const layers = Array.isArray(config?.layers) ? (config.layers as readonly { module?: unknown }[]) : [];
  return [module, ...layers.map((layer) => layer?.module)].some((name) => /^keras/.test(String(name)));
}

function checkGroup(group: Partial<WeightGroup> | null): WeightGroup {
  const { paths, weights } = group ?? {};
  const isNamed = Array.isArray(paths) && paths.every((path) => typeof path === 'string');
  if (!isNamed || !Array.isArray(weights)) throw new Error('a group of its weightsManifest has no paths or no weights');
  return { paths, weights };
}

function readGroup({ paths, weights }: WeightGroup, read: (path: string) => Uint8Array): Uint8Array[] {
  const files = paths.map(read);
  const bytes = files.length === 1 ? (files[0] as Uint8Array) : new Uint8Array(joinWeights(files));
  const lengths = weights.map(storedBytes);
  const needed = lengths.reduce((sum, length) => sum + length, 0);
  const from = paths.join(', ');
  if (bytes.byteLength !== needed) {
    throw new Error(`${from} has ${bytes.byteLength} bytes, model.json describes ${needed}`);
  }
  let at = 0;
  return weights.map((weight, i) => {
    const end = at + (lengths[i] as number);
    const part = restoreWeight(weight, bytes.subarray(at, end));
    at = end;
    return part;
  });
}

/** Finds each of `all` files of weights by its path, or by the last part of it. */
function weightFinder(files: TfjsFiles, all: readonly string[]): (path: string) => Uint8Array | undefined {
  const given = Object.keys(files).filter((name) => name !== 'model.json');
  const nameOf = givenNames(all, given);
  return (path) => {
    const file = files[nameOf(path) ?? ''];
    return isTagged(file, 'Uint8Array') ? file : undefined;
  };
}
