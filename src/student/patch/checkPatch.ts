import { LimbeckError } from '../../core/errors.ts';
import { formatShape, sizeOf } from '../../core/shape.ts';
import { isTagged } from '../../core/tags.ts';
import type { NeighbourMemory, Patch, WeightChange } from './patch.ts';

/**
 * Returns a patch if it is valid in itself; whether it fits a base is not checked.
 * Throws    patch-invalid: a part is missing or of another type, values do not fill their shape or are not finite, or a
 *           weight is changed twice
 */
export function checkPatch(patch: Patch): Patch {
  if (typeof patch !== 'object' || patch === null) throw invalidPatch(`it is ${String(patch)}`);
  const { name, version, base, method, labels, classes, changes, memory } = patch as Partial<Patch>;
  if (typeof name !== 'string' || typeof method !== 'string') throw invalidPatch('its name or its method is no text');
  if (!isCount(version)) throw invalidPatch(`its version is ${String(version)}; they count from 1`);
  if (typeof base !== 'string' || !/^[0-9a-f]{64}$/.test(base)) {
    throw invalidPatch('its base is no SHA-256, 64 hexadecimal digits as baseHash gives them');
  }
  if (classes !== undefined && !isCount(classes)) throw invalidPatch(`it is for ${String(classes)} classes`);
  if (labels !== undefined && !(Array.isArray(labels) && labels.every((label) => typeof label === 'string'))) {
    throw invalidPatch('its labels are no texts');
  }
  if (labels !== undefined && classes !== undefined && labels.length !== classes) {
    throw invalidPatch(`it has ${labels.length} labels for ${classes} classes`);
  }
  if (!Array.isArray(changes)) throw invalidPatch('it has no list of changes');
  const weights = new Set<string>();
  for (const change of changes as readonly WeightChange[]) {
    checkChange(change);
    if (weights.has(change.weight)) throw invalidPatch(`it changes "${change.weight}" twice`);
    weights.add(change.weight);
  }
  if (memory !== undefined) checkMemory(memory, classes);
  return patch;
}

/** The error of a patch that cannot be used with any base. */
export function invalidPatch(why: string, cause?: unknown): LimbeckError {
  return new LimbeckError(
    'patch-invalid',
    `This patch cannot be used: ${why}. Make it again, or fetch its file again.`,
    { details: { why }, cause },
  );
}

function checkChange(change: WeightChange): void {
  const { kind, weight, shape } = (change ?? {}) as Partial<WeightChange>;
  if (typeof weight !== 'string') throw invalidPatch('a change names no weight');
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw invalidPatch(`the change of "${weight}" has the shape ${JSON.stringify(shape)}`);
  }
  if (change.kind === 'added') {
    checkValues(change.delta, sizeOf(shape), `the change of "${weight}", ${formatShape(shape)},`);
    return;
  }
  if (change.kind !== 'low-rank') throw invalidPatch(`the change of "${weight}" is of the kind ${String(kind)}`);
  const columns = shape.at(-1);
  const { rank, left, right } = change;
  if (columns === undefined || !isCount(rank)) {
    throw invalidPatch(`the change of "${weight}", ${formatShape(shape)}, is a product of the rank ${String(rank)}`);
  }
  checkValues(left, sizeOf(shape.slice(0, -1)) * rank, `the left matrix for "${weight}"`);
  checkValues(right, rank * columns, `the right matrix for "${weight}"`);
}

function checkMemory(memory: NeighbourMemory, classes: number | undefined): void {
  const { features, labels, k, temperature } = (memory ?? {}) as Partial<NeighbourMemory>;
  if (!isTagged(labels, 'Int32Array') || labels.length === 0) throw invalidPatch('its memory holds no examples');
  if (!isTagged(features, 'Float32Array') || features.length === 0 || features.length % labels.length !== 0) {
    throw invalidPatch(`its memory has no features, or not as many for each of its ${labels.length} examples`);
  }
  checkValues(features, features.length, 'the memory');
  const wrong = labels.find((label) => label < 0 || label >= (classes ?? Number.POSITIVE_INFINITY));
  if (wrong !== undefined) throw invalidPatch(`an example of its memory is of the class ${wrong}`);
  if (!isCount(k)) throw invalidPatch(`${String(k)} neighbours of its memory vote; it must be 1 or more`);
  if (typeof temperature !== 'number' || !Number.isFinite(temperature) || temperature <= 0) {
    throw invalidPatch(`the temperature of its memory is ${String(temperature)}; it must be above 0`);
  }
}

function checkValues(values: unknown, needed: number, what: string): void {
  if (!isTagged(values, 'Float32Array')) throw invalidPatch(`${what} is no Float32Array`);
  if (values.length !== needed) throw invalidPatch(`${what} has ${values.length} values and needs ${needed}`);
  if (!values.every((value) => Number.isFinite(value))) throw invalidPatch(`${what} holds a value that is not finite`);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
