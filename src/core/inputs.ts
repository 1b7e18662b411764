// How given arrays are matched to a model's inputs: by name, or the only array to the only input.
import { LimbeckError } from './errors.ts';
import { firstNonFinite, type NdArray } from './shape.ts';

/** The name under which an input is given; of an only input the only array, whatever it is called. */
export function givenName(name: string, given: object, isOnlyInput: boolean): string | undefined {
  // Names come from files, and "constructor" is one that every object seems to have.
  if (Object.hasOwn(given, name)) return name;
  const names = Object.keys(given);
  return isOnlyInput && names.length === 1 ? names[0] : undefined;
}

/**
 * The same, where the input is needed.
 * Throws    unknown-input: nothing is given for it
 */
export function requireName(
  name: string,
  given: object,
  needed: readonly string[],
  what: 'teacher' | 'student',
): string {
  const found = givenName(name, given, needed.length === 1);
  if (found !== undefined) return found;
  const names = Object.keys(given);
  throw new LimbeckError(
    'unknown-input',
    `The ${what} reads the input "${name}"; the data offers ${names.map((one) => `"${one}"`).join(', ') || 'none'}. ` +
      `Name the arrays as the model names its inputs: ${needed.join(', ')}.`,
    { details: { needed: name, given: names } },
  );
}

/** Throws    not-finite: NaN or an infinite value */
export function requireFinite({ data }: NdArray, name: string): void {
  const at = firstNonFinite(data);
  if (at < 0) return;
  throw new LimbeckError('not-finite', `The input "${name}" holds ${data[at]} at value ${at} of this batch.`, {
    details: { name, at },
  });
}
