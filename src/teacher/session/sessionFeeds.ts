// The dataset's arrays become the model's inputs: found by name, brought into form, checked.
import { pixelsAsFloats } from '../../core/pixels.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { bindInputs } from '../../model/inputs.ts';
import type { ModelRole, ModelValue } from '../../model/model.ts';
import type { PreparedModel } from '../../onnx/prepare.ts';
import { type ModelInput, toModelInput } from '../input/modelInput.ts';
import type { SessionSettings } from './sessionSettings.ts';

/**
 * The data's arrays under the names of the model's inputs, finite and brought into form. A model with a state is given
 * what there is: the walk along its sequence makes the rest.
 * Throws    unknown-input · not-finite · shape-mismatch: not what "input" describes
 */
export function toFeeds(
  given: NamedArrays,
  inputs: readonly ModelValue[],
  { input, recurrent }: Pick<SessionSettings, 'input' | 'recurrent'>,
  what: ModelRole = 'teacher',
): NamedArrays {
  const names = recurrent === undefined ? inputs.map(({ name }) => name) : namesInRecurrent(given, inputs, recurrent);
  return bindInputs(given, names, what, (array, name) => {
    const how = isByName(input) ? own(input, name) : input;
    const isFormed = how !== undefined && (recurrent === undefined || name === recurrent.sequence || isByName(input));
    if (isFormed) return toModelInput(array, how);
    return inputs.some((value) => value.name === name && value.isPixels) ? pixelsAsFloats(array) : array;
  });
}

/** A record from input name to description, told from one description by its values: those are objects. */
export function isByName(input: SessionSettings['input']): input is Readonly<Record<string, ModelInput>> {
  const values = Object.values(input ?? {});
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  return values.length > 0 && !('kind' in (input ?? {})) && values.every(isObject);
}

function namesInRecurrent(
  given: NamedArrays,
  inputs: readonly ModelValue[],
  { sequence }: NonNullable<SessionSettings['recurrent']>,
): string[] {
  const known = Object.keys(given).filter((name) => inputs.some((value) => value.name === name));
  return known.includes(sequence) ? known : [sequence, ...known];
}

/** Names come from files, and "constructor" is one that every object seems to have. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The inputs with what the model says of them beyond names, types and shapes. */
export function withReadings(
  inputs: readonly ModelValue[],
  { inputsOfAnyShape, pixelInputs }: Pick<PreparedModel, 'inputsOfAnyShape' | 'pixelInputs'>,
): ModelValue[] {
  return inputs.map((value) => ({
    ...value,
    ...(inputsOfAnyShape.includes(value.name) && { isAnyShape: true }),
    ...(pixelInputs.includes(value.name) && { isPixels: true }),
  }));
}

/**
 * The only batch size that a model takes: the first length that all of its inputs declare, where they declare one.
 * Single numbers say nothing of it, nor do lists beside arrays of more dimensions: those may be sizes or weights.
 */
export function fixedBatchOf(
  inputs: readonly ModelValue[],
  recurrent: SessionSettings['recurrent'],
): number | undefined {
  const walked = recurrent === undefined ? inputs : inputs.filter(({ name }) => name === recurrent.sequence);
  const rank = Math.min(2, Math.max(1, ...walked.map(({ shape }) => shape.length)));
  const arrays = walked.filter(({ shape }) => shape.length >= rank);
  const first = arrays[0]?.shape[0];
  if (typeof first !== 'number' || first < 1) return undefined;
  return arrays.every(({ shape }) => shape[0] === first) ? first : undefined;
}
