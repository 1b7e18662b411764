import { LimbeckError } from '../core/errors.ts';
import { given, type OptionsOf, oneOf, type Read, required, schema } from '../core/schema.ts';
import { formatShape, isSameShape, type NdArray } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';
import { artifactsFrom, type StudentSource } from './artifacts.ts';
import { studentFromModel } from './layersModel.ts';
import { countedAfresh } from './safetensors/layerNumbers.ts';
import { readSafetensors, type Safetensors } from './safetensors/safetensors.ts';
import { safeValues } from './safetensors/safeValues.ts';
import { fromTorchLayout } from './safetensors/torchLayout.ts';
import {
  isLayersModel,
  isStudent,
  type Student,
  type StudentArtifacts,
  studentFromArtifacts,
  type WeightSpec,
} from './student.ts';
import { elementBytes, joinWeights } from './weightBytes.ts';

const OPTIONS = schema('fromSafetensors', {
  /** The student that takes the weights; its topology stays. */
  into: required(given<StudentSource>()),
  /**
   * A weight's key in the file, by its name in the student. Default, and for names without an entry: the same name,
   * with layers that tfjs has numbered counted within the student and within the file.
   */
  keys: given<Readonly<Record<string, string>> | ((studentWeightName: string) => string | undefined)>(),
  /**
   * 'none': the file has tfjs's layout. 'pytorch': kernels are converted from PyTorch's. A dense layer after a
   * flattened image is left to the caller: PyTorch flattens channels first. Default 'none'.
   */
  transpose: oneOf('none', 'pytorch')('none'),
  /** What to do with keys that no weight of the student uses. Default 'refuse'. */
  unused: oneOf('refuse', 'ignore')('refuse'),
});

/** Which student gets the weights, and their names in the file. */
export interface FromSafetensorsOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Puts the weights of a safetensors file into a student; any element type becomes the student's own.
 * Throws    safetensors-invalid: not such a file, or keys that are missing, unused or of another shape, all named at
 *           once · student-invalid · invalid-option
 *
 * @example
 * const keys = { 'dense/kernel': 'classifier.weight', 'dense/bias': 'classifier.bias' };
 * const student = await fromSafetensors(bytes, { into: mlp({ inputShape: [8], classes: 3 }), keys, transpose: 'pytorch' });
 */
export async function fromSafetensors(bytes: Uint8Array, options: FromSafetensorsOptions): Promise<Student> {
  const read = OPTIONS.read(options);
  const { into } = read;
  if (!isTagged(bytes, 'Uint8Array')) {
    throw new LimbeckError('invalid-option', 'fromSafetensors takes the bytes of a file, a Uint8Array.');
  }
  const file = readSafetensors(bytes);
  const before = await artifactsFrom(into, 'build');
  const artifacts: StudentArtifacts = { ...before, weightData: fill(before.weightSpecs, file, read) };
  const student = isStudent(into) ? into : isLayersModel(into) ? studentFromModel(into) : undefined;
  await student?.adopt(artifacts);
  return student ?? studentFromArtifacts('student', artifacts);
}

function fill(
  specs: readonly WeightSpec[],
  { tensors }: Safetensors,
  { keys, transpose, unused }: Read<typeof OPTIONS>,
): ArrayBuffer {
  const faults: string[] = [];
  const sameKeys = matchNames(specs, [...tensors.keys()]);
  const wanted = specs.map((spec) => ({ spec, key: keyOf(spec.name, keys) ?? sameKeys(spec.name) }));
  const missing = wanted.filter(({ key }) => !tensors.has(key));
  const asked = new Set(wanted.map(({ key }) => key));
  const left = unused === 'ignore' ? [] : [...tensors.keys()].filter((key) => !asked.has(key));
  const parts = wanted.flatMap(({ spec, key }) => {
    const tensor = tensors.get(key);
    if (tensor === undefined) return [];
    const given: NdArray = { data: safeValues(tensor), shape: tensor.shape };
    const array = transpose === 'pytorch' ? fromTorchLayout(spec, given) : given;
    if (isSameShape(array.shape, spec.shape)) return [elementsFor(spec, array)];
    faults.push(`"${key}" is ${formatShape(tensor.shape)}, "${spec.name}" takes ${formatShape(spec.shape)}`);
    return [];
  });
  if (missing.length > 0) faults.unshift(`missing: ${missing.map(nameBoth).join(', ')}`);
  if (left.length > 0) faults.push(`unused: ${left.map((key) => `"${key}"`).join(', ')}`);
  if (faults.length === 0) return joinWeights(parts);
  throw new LimbeckError(
    'safetensors-invalid',
    `The file does not fill the student. ${faults.join('; ')}. Name a weight's key in the file with "keys"; ` +
      "transpose: 'pytorch' converts PyTorch's kernels, unused: 'ignore' skips unused keys.",
    {
      details: {
        missing: missing.map(({ key }) => key),
        unused: left,
        weights: specs.map(({ name }) => name),
        keys: [...tensors.keys()],
      },
    },
  );
}

function keyOf(name: string, keys: FromSafetensorsOptions['keys']): string | undefined {
  if (typeof keys === 'function') return keys(name);
  return keys !== undefined && Object.hasOwn(keys, name) ? keys[name] : undefined;
}

/** The key of the same name in the file, or the one that is the same once layers are renumbered. */
function matchNames(specs: readonly WeightSpec[], keys: readonly string[]): (name: string) => string {
  const names = specs.map(({ name }) => name);
  if (names.every((name) => keys.includes(name))) return (name) => name;
  const afresh = countedAfresh(keys);
  const counted = countedAfresh(names);
  return (name) => keys[afresh.indexOf(counted[names.indexOf(name)] as string)] ?? name;
}

function nameBoth({ spec, key }: { readonly spec: WeightSpec; readonly key: string }): string {
  return key === spec.name ? `"${key}"` : `"${key}" (for "${spec.name}")`;
}

function elementsFor(spec: WeightSpec, { data }: NdArray): Uint8Array {
  if (elementBytes(spec) === 1) {
    return spec.dtype === 'bool' ? Uint8Array.from(data, (value) => Number(value !== 0)) : Uint8Array.from(data);
  }
  const values = spec.dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data);
  return new Uint8Array(values.buffer);
}
