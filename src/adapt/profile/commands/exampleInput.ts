import { LimbeckError } from '../../../core/errors.ts';
import {
  firstNonFinite,
  formatShape,
  isSameShape,
  type NamedArrays,
  type NdArray,
  ndArray,
} from '../../../core/shape.ts';
import type { ExampleInput } from '../profile.ts';

/**
 * One example as a batch of one, under the names of the base's inputs.
 * Shapes    each [...] → [1, ...]
 * Throws    unknown-input · shape-mismatch · not-finite · invalid-option: values of another type
 */
export function asBatch(
  given: ExampleInput,
  inputs: Readonly<Record<string, readonly (number | null)[]>>,
): NamedArrays {
  const needed = Object.keys(inputs);
  if (typeof given !== 'object' || given === null) {
    throw new LimbeckError(
      'invalid-option',
      `The example was ${String(given)}; it must be an array { data, shape }, or arrays under the names ` +
        `${needed.join(', ')}.`,
    );
  }
  const only = needed.length === 1 ? needed[0] : undefined;
  const named = isArray(given) ? { [only ?? '']: given } : given;
  const isMatch = Object.keys(named).length === needed.length && needed.every((name) => Object.hasOwn(named, name));
  if (!isMatch) {
    const names = isArray(given) ? 'one array without a name' : Object.keys(named).join(', ') || 'none';
    throw new LimbeckError(
      'unknown-input',
      `The base reads the inputs ${needed.join(', ')}; the example has ${names}. Give an array for each, by its name.`,
      { details: { needed, given: Object.keys(named) } },
    );
  }
  return Object.fromEntries(needed.map((name) => [name, rowOf(name, named[name] as NdArray, inputs[name] ?? [])]));
}

function rowOf(name: string, given: NdArray, needed: readonly (number | null)[]): NdArray {
  const { data, shape } = ndArray(given?.data, given?.shape ?? []);
  if (!isSameShape(shape, needed)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The base's input "${name}" takes ${formatShape(needed)}; the example is ${formatShape(shape)}. ` +
        'Give one example, without the dimension of the batch.',
      { details: { name, needed, given: shape } },
    );
  }
  const at = firstNonFinite(data);
  if (at < 0) return { data, shape: [1, ...shape] };
  throw new LimbeckError('not-finite', `The example's input "${name}" holds ${data[at]} at value ${at}.`, {
    details: { name, at },
  });
}

function isArray(value: ExampleInput): value is NdArray {
  return ArrayBuffer.isView((value as NdArray).data) && Array.isArray((value as NdArray).shape);
}
