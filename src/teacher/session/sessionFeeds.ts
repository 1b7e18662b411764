// Turns the dataset's arrays into the model's inputs: matches names, converts, checks.
import { pixelsAsFloats } from '../../core/pixels.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { bindInputs } from '../../model/inputs.ts';
import type { ModelRole, ModelValue } from '../../model/model.ts';
import type { PreparedModel } from '../../onnx/edit/prepare.ts';
import { isByName, own } from '../input/byName.ts';
import { toModelInput } from '../input/modelInput.ts';
import type { SessionSettings } from './sessionSettings.ts';

/**
 * The data's arrays under the names of the model's inputs, finite and converted. For a model with state, only the inputs that
 * the data has; the run along the sequence makes the others.
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

function namesInRecurrent(
  given: NamedArrays,
  inputs: readonly ModelValue[],
  { sequence }: NonNullable<SessionSettings['recurrent']>,
): string[] {
  const known = Object.keys(given).filter((name) => inputs.some((value) => value.name === name));
  return known.includes(sequence) ? known : [sequence, ...known];
}

/** The inputs with what the graph says about them beyond names, types and shapes. */
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
 * The only batch size that a model takes: the first length of its inputs, if all of them declare the same. Scalars do not count,
 * nor do vectors next to arrays of more dimensions, which may be sizes or weights.
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
