import { LimbeckError } from '../core/errors.ts';
import { pickRowsOfAll } from '../core/rows.ts';
import { dtypeOf, formatShape, type NamedArrays, type NdArray, ndArray } from '../core/shape.ts';
import { type Dataset, DEFAULT_INPUT, type InputSpec, type LabelledDataset } from './dataset.ts';
import { makeDataset } from './makeDataset.ts';

/**
 * A dataset from arrays in memory.
 * Shapes    each input [N, ...], labels [N] → N examples
 * Units     as given; a Uint8Array holds pixels, which a student reads as 0…1. Ids and other whole numbers are an Int32Array
 * Throws    shape-mismatch: inputs or labels of different length
 *
 * @example
 * const data = fromArrays({ data: pixels, shape: [8000, 28, 28, 1] });
 */
export function fromArrays(inputs: NdArray | NamedArrays): Dataset;
export function fromArrays(inputs: NdArray | NamedArrays, labels: ArrayLike<number>): LabelledDataset;
export function fromArrays(inputs: NdArray | NamedArrays, labels?: ArrayLike<number>): Dataset {
  const named: NamedArrays = isNdArray(inputs) ? { [DEFAULT_INPUT]: inputs } : inputs;
  const entries = Object.entries(named).map(([name, array]) => [name, ndArray(array.data, array.shape)] as const);
  const size = entries[0]?.[1].shape[0] ?? 0;
  for (const [name, { shape }] of entries) if (shape[0] !== size) throw lengthMismatch(name, shape[0] ?? 0, size);
  if (labels !== undefined && labels.length !== size) throw lengthMismatch('labels', labels.length, size);
  const specs: Record<string, InputSpec> = {};
  for (const [name, { shape, data }] of entries) specs[name] = { shape: shape.slice(1), dtype: dtypeOf(data) };
  const checked: NamedArrays = Object.fromEntries(entries);
  const readInputs = async (indices: Int32Array) => pickRowsOfAll(checked, indices);
  return makeDataset({ size, noun: 'examples', inputs: specs, readInputs }, labels);
}

function isNdArray(value: NdArray | NamedArrays): value is NdArray {
  return ArrayBuffer.isView((value as NdArray).data) && Array.isArray((value as NdArray).shape);
}

function lengthMismatch(name: string, length: number, size: number): LimbeckError {
  return new LimbeckError(
    'shape-mismatch',
    `"${name}" has ${length} examples, the first input has ${size}. All must have the same number; the first ` +
      `dimension of a shape such as ${formatShape([size, 28, 28, 1])} counts examples.`,
    { details: { name, length, size } },
  );
}
