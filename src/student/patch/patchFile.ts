import { LimbeckError, messageOf } from '../../core/errors.ts';
import { nearestHalf, toHalves } from '../../core/halves.ts';
import { type OptionsOf, oneOf, schema } from '../../core/schema.ts';
import { isTagged } from '../../core/tags.ts';
import type { SafeTensor, Safetensors } from '../safetensors/safetensors.ts';
import { safeValues } from '../safetensors/safeValues.ts';
import { readSealed, sealedBytes, writeSealed } from '../safetensors/sealedFile.ts';
import { checkPatch, invalidPatch } from './checkPatch.ts';
import type { NeighbourMemory, Patch, WeightChange } from './patch.ts';

const OPTIONS = schema('patchToBytes', {
  /**
   * 'float16' takes half the space and rounds to 11 bits; 'exact' uses it for tensors that lose nothing by it.
   * Default 'exact'.
   */
  precision: oneOf('exact', 'float32', 'float16')('exact'),
});

/** How the numbers of a patch are written. */
export interface PatchFileOptions extends OptionsOf<typeof OPTIONS> {}

const FORM = { format: 'limbeck-patch', version: '1' };
const FEATURES = 'memory.features';
const LABELS = 'memory.labels';

/**
 * A patch as a safetensors file, which Python's `safetensors` reads: '<weight>.delta', or '<weight>.left' [..., rank]
 * and '<weight>.right' [rank, C]; 'memory.features' [N, F] and 'memory.labels' [N]. The rest is in its metadata as
 * texts, including the SHA-256 of the whole file with zeros in place of the hash. The same patch gives the same bytes.
 * Throws    patch-invalid · not-finite: a number above 65,504, which float16 cannot hold · invalid-option
 * @example
 * await store.put('mine', await patchToBytes(patch));
 */
export async function patchToBytes(patch: Patch, options: PatchFileOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  return writeSealed(toFile(patch, options), FORM);
}

/** The number of bytes that `patchToBytes` gives. Throws    see there */
export function patchBytes(patch: Patch, options: PatchFileOptions = {}): number {
  return sealedBytes(toFile(patch, options), FORM);
}

/**
 * Reads a file that `patchToBytes` wrote; its changes come in the order of their weights' names. A file with any
 * changed byte, or one rewritten by another program, is refused.
 * Throws    patch-invalid · invalid-option: not a Uint8Array
 */
export async function patchFromBytes(bytes: Uint8Array): Promise<Patch> {
  if (!isTagged(bytes, 'Uint8Array')) {
    throw new LimbeckError('invalid-option', 'patchFromBytes takes the bytes of a file, a Uint8Array.');
  }
  try {
    return checkPatch(fromFile(await readSealed(bytes, FORM, invalidPatch)));
  } catch (error) {
    if (error instanceof LimbeckError && error.code === 'patch-invalid') throw error;
    throw invalidPatch(`its file cannot be read (${messageOf(error)})`, error);
  }
}

function toFile(patch: Patch, options: PatchFileOptions): Safetensors {
  const { precision } = OPTIONS.read(options);
  const { name, version, base, method, labels, classes, changes, memory } = checkPatch(patch);
  const tensors = new Map<string, SafeTensor>();
  const put = (key: string, shape: readonly number[], values: Float32Array) => {
    const isHalf = precision === 'float16' || (precision === 'exact' && values.every(isFiniteHalf));
    tensors.set(key, isHalf ? halves(key, shape, values) : floats(shape, values));
  };
  for (const change of changes) {
    const { weight, shape } = change;
    if (change.kind === 'added') put(`${weight}.delta`, shape, change.delta);
    else {
      put(`${weight}.left`, [...shape.slice(0, -1), change.rank], change.left);
      put(`${weight}.right`, [change.rank, shape.at(-1) as number], change.right);
    }
  }
  if (memory !== undefined) {
    const count = memory.labels.length;
    put(FEATURES, [count, memory.features.length / count], memory.features);
    tensors.set(LABELS, { dtype: 'I32', shape: [count], bytes: bytesOf(memory.labels) });
  }
  const metadata = {
    name,
    version: String(version),
    base,
    method,
    ...(labels && { labels: JSON.stringify(labels) }),
    ...(classes !== undefined && { classes: String(classes) }),
    ...(memory && { k: String(memory.k), temperature: String(memory.temperature) }),
  };
  return { tensors, metadata };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function floats(shape: readonly number[], values: Float32Array): SafeTensor {
  return { dtype: 'F32', shape, bytes: bytesOf(values) };
}

function isFiniteHalf(value: number): boolean {
  return Number.isFinite(value) && nearestHalf(value) === value;
}

function halves(key: string, shape: readonly number[], values: Float32Array): SafeTensor {
  const bits = toHalves(values);
  if (bits.some((half) => (half & 0x7c00) === 0x7c00)) {
    throw new LimbeckError(
      'not-finite',
      `"${key}" holds a number above 65,504, which float16 cannot hold. Write the patch with precision: 'float32'.`,
      { details: { key } },
    );
  }
  return { dtype: 'F16', shape, bytes: bytesOf(bits) };
}

function fromFile({ tensors, metadata }: Safetensors): Patch {
  const { name, version, base, method, labels, classes } = metadata as Record<string, string>;
  const memory = memoryOf(tensors, metadata);
  return {
    name: name as string,
    version: Number(version),
    base: base as string,
    method: method as string,
    ...(labels !== undefined && { labels: JSON.parse(labels) as string[] }),
    ...(classes !== undefined && { classes: Number(classes) }),
    changes: [...tensors.keys()].sort().flatMap((key) => changeOf(key, tensors)),
    ...(memory && { memory }),
  };
}

function changeOf(key: string, tensors: Safetensors['tensors']): WeightChange[] {
  const [, weight, part] = /^(.*)\.(delta|left|right)$/s.exec(key) ?? [];
  const { shape } = tensors.get(key) as SafeTensor;
  if (part === 'delta') return [{ kind: 'added', weight: weight as string, shape, delta: valuesOf(tensors, key) }];
  if (part === 'right' && tensors.has(`${weight}.left`)) return [];
  const right = tensors.get(`${weight}.right`);
  const rank = shape.at(-1);
  const columns = right?.shape[1];
  if (part === 'left' && right?.shape[0] === rank && rank !== undefined && columns !== undefined) {
    const matrices = { left: valuesOf(tensors, key), right: valuesOf(tensors, `${weight}.right`) };
    return [{ kind: 'low-rank', weight: weight as string, shape: [...shape.slice(0, -1), columns], rank, ...matrices }];
  }
  if (key === FEATURES || key === LABELS) return [];
  throw invalidPatch(`its file holds "${key}", which belongs to nothing`);
}

function memoryOf(tensors: Safetensors['tensors'], metadata: Safetensors['metadata']): NeighbourMemory | undefined {
  const labels = tensors.get(LABELS);
  if (labels === undefined && !tensors.has(FEATURES)) return undefined;
  if (labels?.dtype !== 'I32') throw invalidPatch('the classes of its memory are missing or no whole numbers');
  return {
    features: valuesOf(tensors, FEATURES),
    labels: safeValues(labels) as Int32Array,
    k: Number(metadata['k']),
    temperature: Number(metadata['temperature']),
  };
}

function valuesOf(tensors: Safetensors['tensors'], key: string): Float32Array {
  const tensor = tensors.get(key);
  if (tensor?.dtype === 'F32' || tensor?.dtype === 'F16') return safeValues(tensor) as Float32Array;
  throw invalidPatch(`"${key}" is missing or holds no float32 or float16`);
}
