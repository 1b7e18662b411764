import {
  checkCount,
  checkFinite,
  checkFraction,
  checkKnownOptions,
  checkNotNegative,
  checkOneOf,
  checkPositive,
  invalidOption,
} from './options.ts';

/** One option: what a caller may give (`In`), and what the code gets (`Out`). */
export interface Field<In, Out> {
  /** What the option must be, in words: "a number above 0". Left out if the code checks the option itself. */
  readonly needed?: string;
  readonly fallback?: Out;
  /** Throws    invalid-option */
  read(value: In, name: string): Out;
}

/** May be left out; has no default. */
export type Optional<T> = Field<T | undefined, T | undefined>;
/** May be left out; has a default. */
export type Defaulted<T> = Field<T | undefined, T>;

type Fields = Readonly<Record<string, Field<never, unknown>>>;
type In<F> = F extends Field<infer T, unknown> ? T : never;
type Out<F> = F extends Field<never, infer T> ? T : never;
type LeftOut<F extends Fields> = { [K in keyof F]: undefined extends In<F[K]> ? K : never }[keyof F];

/**
 * What a caller gives: `interface LoraOptions extends OptionsOf<typeof OPTIONS> {}`. Docstrings of the fields come
 * along; for those of fields that are spread from another schema, extend its interface first: `extends MethodSteps,
 * OptionsOf<typeof OPTIONS>`.
 */
export type OptionsOf<S> =
  S extends Schema<infer F>
    ? { readonly [K in keyof F as K extends LeftOut<F> ? K : never]?: In<F[K]> } & {
        readonly [K in keyof F as K extends LeftOut<F> ? never : K]: In<F[K]>;
      }
    : never;

/** What the code gets: checked, with defaults filled in. */
export type Read<S> = S extends Schema<infer F> ? { readonly [K in keyof F]: Out<F[K]> } : never;

/**
 * The options of one verb or factory: type, default, range and check, once. The docstring of an option is on its field
 * and names the default, which a test compares with the field's.
 */
export interface Schema<F extends Fields> {
  readonly subject: string;
  /** For another schema that takes these options too: spread them there. */
  readonly fields: F;
  /**
   * All options, checked, in the order of the fields.
   * Throws    invalid-option: no object · an unknown option · a value that its field refuses
   */
  read(options: OptionsOf<Schema<F>>): Read<Schema<F>>;
}

/**
 * @param subject who takes the options, as an error names it: "lora"
 * @param path what an error puts before the name of an option that is inside another one: "augment."
 */
export function schema<F extends Fields>(subject: string, fields: F, path = ''): Schema<F> {
  const names = Object.keys(fields);
  return {
    subject,
    fields,
    read(options) {
      checkKnownOptions(options, names, subject);
      const given = options as Readonly<Record<string, never>>;
      return Object.fromEntries(
        names.map((name) => [name, (fields[name] as Field<never, unknown>).read(given[name] as never, path + name)]),
      ) as Read<Schema<F>>;
    },
  };
}

/** Makes a field: `positive()` may be left out, `positive(4)` has a default. */
interface FieldMaker<T> {
  (): Optional<T>;
  (fallback: T): Defaulted<T>;
}

function maker<T>(needed: string | undefined, check: (value: T, name: string) => T): FieldMaker<T> {
  return ((fallback?: T) => ({
    ...(needed !== undefined && { needed }),
    ...(fallback !== undefined && { fallback }),
    read: (value: T | undefined, name: string) => (value === undefined ? fallback : check(value, name)),
  })) as FieldMaker<T>;
}

export const positive = maker('a number above 0', checkPositive);
export const notNegative = maker('a number of 0 or more', checkNotNegative);
export const fraction = maker('a fraction from 0 to 1', checkFraction);
export const finite = maker('a finite number', checkFinite);
export const flag = maker<boolean>('true or false', (value, name) => {
  if (typeof value === 'boolean') return value;
  throw invalidOption(name, value, 'true or false');
});
export const text = maker<string>('a text', (value, name) => {
  if (typeof value === 'string') return value;
  throw invalidOption(name, value, 'a text');
});

/** A whole number of at least `least`: `count(1)()`, `count(1)(64)`. */
export const count = (least = 1): FieldMaker<number> =>
  maker(`a whole number of at least ${least}`, (value, name) => checkCount(value, name, least));

/** One of some words or numbers: `oneOf('code', 'paper')('code')`. */
export const oneOf = <const T extends string | number>(...known: readonly T[]): FieldMaker<T> =>
  maker<T>(`one of ${known.join(', ')}`, (value, name) => checkOneOf(value, name, known));

/**
 * What no range describes: a teacher, a function, a signal, a list, a union told apart by a key. `check` throws;
 * without it the caller's code checks, or only TypeScript.
 */
export function given<T>(check?: (value: T, name: string) => void): Optional<T>;
export function given<T>(check: (value: T, name: string) => void, fallback: T): Defaulted<T>;
export function given<T>(check?: (value: T, name: string) => void, fallback?: T): Field<T | undefined, T | undefined> {
  const make = maker<T>(undefined, (value, name) => {
    check?.(value, name);
    return value;
  });
  return fallback === undefined ? make() : make(fallback);
}

/** Options within options. */
export const nested = <F extends Fields>(
  inner: Schema<F>,
): Field<OptionsOf<Schema<F>> | undefined, Read<Schema<F>> | undefined> => ({
  needed: `an object of options (${Object.keys(inner.fields).join(', ')})`,
  read: (value) => (value === undefined ? undefined : inner.read(value)),
});

/** May not be left out. For a field without `needed`, only the type says so. */
export function required<T>(field: Optional<T>): Field<T, T> {
  return {
    ...(field.needed !== undefined && { needed: field.needed }),
    read(value, name) {
      if (value === undefined && field.needed !== undefined) throw invalidOption(name, value, field.needed);
      return field.read(value, name) as T;
    },
  };
}
