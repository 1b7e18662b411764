// Matches given arrays to a model's inputs, and checks them.

import { LimbeckError } from '../core/errors.ts';
import { requireFinite, requireName } from '../core/inputs.ts';
import { formatShape, isSameShape, type NamedArrays, type NdArray } from '../core/shape.ts';
import type { ModelRole, ModelValue } from './model.ts';

/** What the check of a shape needs. */
type Fit = Pick<ModelValue, 'name' | 'shape' | 'isAnyShape'>;

/**
 * The arrays for the needed inputs, finite, under the inputs' names. An only array goes to an only input, whatever their names.
 * `form` brings each into the form that the model takes.
 * Throws    unknown-input · not-finite · what `form` throws
 */
export function bindInputs(
  given: NamedArrays,
  names: readonly string[],
  what: ModelRole,
  form: (array: NdArray, name: string) => NdArray,
): NamedArrays {
  return Object.fromEntries(
    names.map((name) => {
      const array = given[requireName(name, given, names, what)] as NdArray;
      requireFinite(array, name);
      return [name, form(array, name)];
    }),
  );
}

/**
 * Checks an input's shape just before the model reads it, and gives a single number without a shape to a model that
 * takes it so. `hint` says what to do about another shape.
 * Throws    shape-mismatch
 */
export function fitShape(
  array: NdArray,
  { name, shape, isAnyShape = false }: Fit,
  what: ModelRole,
  hint = '',
): NdArray {
  if (isAnyShape || isSameShape(array.shape, shape)) return array;
  const { data } = array;
  if (shape.length === 0 && data.length > 0 && data.every((value) => value === data[0])) {
    return { data: data.slice(0, 1), shape: [] };
  }
  throw new LimbeckError(
    'shape-mismatch',
    `The ${what}'s input "${name}" takes ${formatShape(shape)}; it was given ${formatShape(array.shape)}.${hint && ` ${hint}`}`,
    { details: { name, needed: shape, given: array.shape } },
  );
}
