import { LimbeckError } from './errors.ts';

/** Throws    invalid-option: not a finite number above zero */
export function checkPositive(value: number, name: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw invalidOption(name, value, 'a number above 0');
}

/** Throws    invalid-option: not a finite number of zero or more */
export function checkNotNegative(value: number, name: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw invalidOption(name, value, 'a number of 0 or more');
}

/** Throws    invalid-option: not a whole number of at least `least` */
export function checkCount(value: number, name: string, least = 1): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw invalidOption(name, value, `a whole number of at least ${least}`);
}

/** Throws    invalid-option: outside [0, 1] */
export function checkFraction(value: number, name: string): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw invalidOption(name, value, 'a fraction from 0 to 1');
}

/** Throws    invalid-option: NaN, infinite, or no number */
export function checkFinite(value: number, name: string): number {
  if (Number.isFinite(value)) return value;
  throw invalidOption(name, value, 'a finite number');
}

/** Throws    invalid-option: not one of `known` */
export function checkOneOf<T extends string | number>(value: T, name: string, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw invalidOption(name, value, `one of ${known.join(', ')}`);
}

/** Throws    invalid-option: an option that nothing reads, such as a misspelt one */
export function checkKnownOptions(options: object, known: readonly string[], subject: string): void {
  if (typeof options !== 'object' || options === null) {
    throw new LimbeckError('invalid-option', `${subject} takes an object of options; it was given ${String(options)}.`);
  }
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new LimbeckError(
    'invalid-option',
    `${subject} has no option "${unknown.join('", "')}". It takes: ${known.join(', ')}.`,
    { details: { unknown, known } },
  );
}

/** The error of a value that an option cannot have. */
export function invalidOption(name: string, value: unknown, needed: string): LimbeckError {
  return new LimbeckError('invalid-option', `"${name}" was ${String(value)}; it must be ${needed}.`, {
    details: { name, value: typeof value === 'number' ? value : String(value) },
  });
}
