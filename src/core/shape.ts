import { LimbeckError } from './errors.ts';
import { ofThisRealm, tagOf } from './tags.ts';

export type DType = 'float32' | 'int32' | 'uint8';
export type NumericArray = Float32Array | Int32Array | Uint8Array;

/** Numbers with a shape, in row-major order. They cross threads, which tensors cannot. */
export interface NdArray {
  readonly data: NumericArray;
  readonly shape: readonly number[];
}

/** Named arrays that belong together, such as the outputs of a model for one batch. */
export type NamedArrays = Readonly<Record<string, NdArray>>;

/** Shapes by name, with the batch unless it is said otherwise; a free length is null. */
export type Shapes = Readonly<Record<string, readonly (number | null)[]>>;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

const DTYPES: ReadonlyMap<string, DType> = new Map([
  ['Float32Array', 'float32'],
  ['Int32Array', 'int32'],
  ['Uint8Array', 'uint8'],
]);

/** Throws    invalid-option: numbers of another type */
export function dtypeOf(data: NumericArray): DType {
  requireNumbers(data);
  return DTYPES.get(tagOf(data)) as DType;
}

export function isNumericArray(value: unknown): value is NumericArray {
  return DTYPES.has(tagOf(value));
}

/** How to convert numbers of other types. */
const CONVERSIONS: Readonly<Record<string, string>> = {
  BigInt64Array: 'Int32Array.from(values, Number)',
  BigUint64Array: 'Int32Array.from(values, Number)',
  Uint8ClampedArray: 'new Uint8Array(values)',
};

/**
 * What is wrong with an array's type, and what to do; undefined if it is accepted. The tag decides, so arrays of
 * another realm are recognised.
 */
export function whyNoNumbers(value: unknown): string | undefined {
  if (isNumericArray(value)) return undefined;
  const tag = tagOf(value);
  return (
    `of the type ${tag}; what is taken is a Float32Array, an Int32Array or a Uint8Array. Convert first: ` +
    `${Object.hasOwn(CONVERSIONS, tag) ? CONVERSIONS[tag] : 'Float32Array.from(values)'}.`
  );
}

/** Throws    invalid-option: values of a type that is not accepted; `what` names them */
export function requireNumbers(data: unknown, what = 'The array of values'): asserts data is NumericArray {
  const why = whyNoNumbers(data);
  if (why === undefined) return;
  throw new LimbeckError('invalid-option', `${what} is ${why}`, { details: { given: tagOf(data) } });
}

export function makeArray(dtype: DType, size: number): NumericArray {
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}

/** Whole numbers of other types, as int32 where all fit, else as float32. */
export function wholeNumbers(values: ArrayLike<number | bigint>): Int32Array | Float32Array {
  const numbers = Float64Array.from(values, Number);
  return numbers.every((value) => value === (value | 0)) ? Int32Array.from(numbers) : Float32Array.from(numbers);
}

/** "[64, 28, 28, 1]"; an unknown length reads "?". */
export function formatShape(shape: readonly (number | null)[]): string {
  return `[${shape.map((length) => (length === null || length < 0 ? '?' : length)).join(', ')}]`;
}

export function isSameShape(a: readonly (number | null)[], b: readonly (number | null)[]): boolean {
  return a.length === b.length && a.every((length, i) => length === null || b[i] === null || length === b[i]);
}

/**
 * An array whose values are checked against its shape.
 * Throws    invalid-option: values of another type · shape-mismatch: values and shape disagree
 */
export function ndArray(data: NumericArray, shape: readonly number[]): NdArray {
  requireNumbers(data);
  if (shape.some((length) => !Number.isInteger(length) || length < 0)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The shape ${formatShape(shape)} holds a length that is no whole number of 0 or more.`,
      { details: { shape } },
    );
  }
  if (data.length !== sizeOf(shape)) {
    throw new LimbeckError(
      'shape-mismatch',
      `Given ${data.length} values for the shape ${formatShape(shape)}, which holds ${sizeOf(shape)}. ` +
        'Check the order and the number of the dimensions.',
      { details: { values: data.length, shape } },
    );
  }
  return { data: ofThisRealm(data), shape };
}

/** Index of the first value that is NaN or infinite, or −1. Throws    invalid-option: numbers of another type */
export function firstNonFinite(data: NumericArray): number {
  if (dtypeOf(data) !== 'float32') return -1;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}
