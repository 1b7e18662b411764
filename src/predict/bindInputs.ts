// What is given becomes the model's inputs: found by name, checked.
import { LimbeckError } from '../core/errors.ts';
import { firstNonFinite, formatShape, isSameShape, type NamedArrays, type NdArray } from '../core/shape.ts';

/**
 * The arrays under the names of the model's inputs. An only array goes to an only input, whatever their names.
 * Throws    unknown-input · shape-mismatch · not-finite
 */
export function bindInputs(
  given: NamedArrays,
  inputs: Readonly<Record<string, readonly (number | null)[]>>,
): Record<string, NdArray> {
  const needed = Object.keys(inputs);
  const names = Object.keys(given);
  return Object.fromEntries(
    needed.map((name) => {
      const isOnly = needed.length === 1 && names.length === 1;
      const array = Object.hasOwn(given, name) ? given[name] : isOnly ? given[names[0] as string] : undefined;
      if (array === undefined) {
        throw new LimbeckError(
          'unknown-input',
          `The student reads the input "${name}"; given are ${names.map((one) => `"${one}"`).join(', ') || 'none'}. ` +
            `Name the arrays as the student names its inputs: ${needed.join(', ')}.`,
          { details: { needed: name, given: names } },
        );
      }
      checkArray(name, array, inputs[name] ?? []);
      return [name, array];
    }),
  );
}

function checkArray(name: string, array: NdArray, shape: readonly (number | null)[]): void {
  if (!isSameShape(array.shape, shape)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The student's input "${name}" takes ${formatShape(shape)}; it was given ${formatShape(array.shape)}.`,
      { details: { name, needed: shape, given: array.shape } },
    );
  }
  const at = firstNonFinite(array.data);
  if (at < 0) return;
  throw new LimbeckError('not-finite', `The input "${name}" holds ${array.data[at]} at value ${at} of this batch.`, {
    details: { name, at },
  });
}
