// The dataset's arrays become the model's inputs: found by name, brought into form, checked.
import { LimbeckError } from '../../core/errors.ts';
import { pixelsAsFloats } from '../../core/pixels.ts';
import { firstNonFinite, formatShape, isSameShape, type NamedArrays, type NdArray } from '../../core/shape.ts';
import type { PreparedModel } from '../../onnx/edit/prepare.ts';
import { type ModelInput, toModelInput } from '../input/modelInput.ts';
import type { SessionSettings } from './sessionSettings.ts';

/** An input or output of the model as onnxruntime declares it; a free length is null. */
export interface ModelValue {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | null)[];
  /** The model leaves the number of dimensions open; `shape` is empty then, as a single number's is. */
  readonly isAnyShape?: boolean;
  /** It reads bytes as pixels of 0…1. */
  readonly isPixels?: boolean;
}

/**
 * The data's arrays under the names of the model's inputs, finite and brought into form. A model with a state is given
 * what there is: the walk along its sequence makes the rest.
 * Throws    unknown-input · not-finite · shape-mismatch: not what "input" describes
 */
export function toFeeds(
  given: NamedArrays,
  inputs: readonly ModelValue[],
  { input, recurrent }: SessionSettings,
): NamedArrays {
  const names = recurrent === undefined ? inputs.map(({ name }) => name) : namesInRecurrent(given, inputs, recurrent);
  return Object.fromEntries(
    names.map((name) => {
      const array = arrayFor(name, names, given);
      checkFinite(array, name);
      const how = isByName(input) ? own(input, name) : input;
      const isFormed = how !== undefined && (recurrent === undefined || name === recurrent.sequence || isByName(input));
      if (isFormed) return [name, toModelInput(array, how)];
      const isPixels = inputs.some((one) => one.name === name && one.isPixels === true);
      return [name, isPixels ? pixelsAsFloats(array) : array];
    }),
  );
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
  const known = Object.keys(given).filter((name) => inputs.some((info) => info.name === name));
  return known.includes(sequence) ? known : [sequence, ...known];
}

/** Throws    unknown-input */
function arrayFor(name: string, needed: readonly string[], given: NamedArrays): NdArray {
  const names = Object.keys(given);
  const array = own(given, name) ?? (needed.length === 1 && names.length === 1 ? given[names[0] as string] : undefined);
  if (array !== undefined) return array;
  throw new LimbeckError(
    'unknown-input',
    `The teacher reads the input "${name}"; the data offers ${names.map((n) => `"${n}"`).join(', ')}. ` +
      `Name the arrays of the dataset as the model names its inputs: ${needed.join(', ')}.`,
    { details: { needed: name, given: names } },
  );
}

/** Names come from files, and "constructor" is one that every object seems to have. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function checkFinite({ data }: NdArray, name: string): void {
  const at = firstNonFinite(data);
  if (at < 0) return;
  throw new LimbeckError('not-finite', `The input "${name}" holds ${data[at]} at value ${at} of this batch.`, {
    details: { name, at },
  });
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
 * Checks an input's shape just before the model reads it, and gives a single number without a shape to a model that
 * takes it so.
 * Throws    shape-mismatch
 */
export function fitShape(array: NdArray, { name, shape, isAnyShape = false }: ModelValue): NdArray {
  if (isAnyShape || isSameShape(array.shape, shape)) return array;
  const { data } = array;
  if (shape.length === 0 && data.length > 0 && data.every((value) => value === data[0])) {
    return { data: data.slice(0, 1), shape: [] };
  }
  throw new LimbeckError(
    'shape-mismatch',
    `The teacher's input "${name}" takes ${formatShape(shape)}; it was given ${formatShape(array.shape)}. ` +
      'Resize and reorder the data, or describe how with loadTeacher(…, { input: { size, channels, layout } }).',
    { details: { name, needed: shape, given: array.shape } },
  );
}

/**
 * All inputs that a model needs, as it takes them.
 * Throws    unknown-input · shape-mismatch
 */
export function fitInputs(
  given: NamedArrays,
  inputs: readonly ModelValue[],
): Record<string, { readonly array: NdArray; readonly type: string }> {
  const fitted: Record<string, { array: NdArray; type: string }> = Object.create(null);
  for (const info of inputs) {
    const array = own(given, info.name);
    if (array === undefined) {
      throw new LimbeckError('unknown-input', `The teacher reads the input "${info.name}"; nothing gives it.`, {
        details: { needed: info.name, given: Object.keys(given) },
      });
    }
    fitted[info.name] = { array: fitShape(array, info), type: info.type };
  }
  return fitted;
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
