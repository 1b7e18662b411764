import { LimbeckError } from '../core/errors.ts';
import {
  formatShape,
  isNumericArray,
  type NamedArrays,
  type NdArray,
  type NumericArray,
  ndArray,
  sizeOf,
} from '../core/shape.ts';
import { tagOf } from '../core/tags.ts';

/**
 * Arrays by the names of the inputs; or, for a single input, one array, with or without its shape. A Uint8Array holds pixels,
 * which a student reads as 0…1, or ids, which it reads as they are.
 */
export type PredictInputs = NamedArrays | NdArray | NumericArray;

type Shapes = Readonly<Record<string, readonly (number | null)[]>>;

/**
 * What was given, as named arrays. Numbers without a shape are as many examples as they fill.
 * Throws    shape-mismatch: numbers that fill no whole example, or whose shape is not known · invalid-option
 */
export function namedInputs(given: PredictInputs, inputs: Shapes): NamedArrays {
  if (isNumericArray(given)) {
    const { name, shape } = onlyInput(inputs, 'numbers without a name');
    return { [name]: ndArray(given, shapeFor(given.length, shape, name)) };
  }
  if (typeof given !== 'object' || given === null || ArrayBuffer.isView(given)) throw noArrays(given);
  const { data, shape } = given as Partial<NdArray>;
  if (ArrayBuffer.isView(data) && Array.isArray(shape)) {
    return { [onlyInput(inputs, 'an array without a name').name]: ndArray(data, shape) };
  }
  return Object.fromEntries(
    Object.entries(given as NamedArrays).map(([name, array]) => {
      if (!Array.isArray(array?.shape)) throw noArrays(`{ ${name}: ${typeof array} }`);
      return [name, ndArray(array.data, array.shape)];
    }),
  );
}

function onlyInput(inputs: Shapes, what: string): { name: string; shape: readonly (number | null)[] } {
  const [first, ...others] = Object.entries(inputs);
  if (first !== undefined && others.length === 0) return { name: first[0], shape: first[1] };
  throw new LimbeckError(
    'unknown-input',
    `The student has the inputs ${Object.keys(inputs).join(', ')}; it was given ${what}. Give { name: { data, shape } }.`,
    { details: { needed: Object.keys(inputs) } },
  );
}

function shapeFor(length: number, [batch, ...rest]: readonly (number | null)[], name: string): number[] {
  const each = sizeOf(rest.map((one) => one ?? Number.NaN));
  const examples = length / each;
  if (Number.isInteger(examples) && examples > 0) return [batch ?? examples, ...(rest as number[])];
  throw new LimbeckError(
    'shape-mismatch',
    `The input "${name}" takes ${formatShape([batch ?? null, ...rest])}; ${length} numbers do not say their shape. ` +
      'Give { data, shape }.',
    { details: { name, values: length, needed: [batch, ...rest] } },
  );
}

function noArrays(given: unknown): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    `predict was given ${ArrayBuffer.isView(given) ? tagOf(given) : String(given)}; it takes a Float32Array, an Int32Array or a Uint8Array, { data, shape }, or such ` +
      'arrays by the names of the inputs.',
  );
}
