import { LimbeckError, messageOf } from '../../core/errors.ts';

type JsonType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';

/** The part of JSON Schema (draft 2020-12) in which a report is described, and by which it is read. */
export interface JsonSchema {
  readonly description?: string;
  readonly type: JsonType | readonly [JsonType, 'null'];
  readonly const?: string | number;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  /** Of an object whose names are free. */
  readonly additionalProperties?: JsonSchema;
  readonly maxProperties?: number;
}

type OptionalKey<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];

/** An object of type `T`: TypeScript finds a property that is missing, too many, or optional in one of the two only. */
export function objectOf<T>(
  required: Readonly<Record<Exclude<keyof T, OptionalKey<T>>, JsonSchema>>,
  optional: Readonly<Record<OptionalKey<T>, JsonSchema>>,
): JsonSchema {
  return { type: 'object', properties: { ...required, ...optional }, required: Object.keys(required) };
}

/** The error of a value that is not what a report has there. */
export function reportFault(path: string, what: string, cause?: unknown): LimbeckError {
  return new LimbeckError(
    'report-invalid',
    `This is no report of a benchmark: ${path || 'it'} ${what}. Take a file that limbeck bench --json or benchmark() wrote.`,
    { details: { path }, cause },
  );
}

/** What an error shows of a value at most. */
const SHOWN = 60;

/**
 * Copies from a value what the schema knows, in objects and lists of its own; other properties are left behind. Each property is
 * read once. An unknown number is NaN: null where the schema allows it, and anything that is not finite.
 * Throws    report-invalid: the value is not what the schema says · anything that a getter of the value throws
 */
export function readBySchema(schema: JsonSchema, value: unknown, path = ''): unknown {
  const { type } = schema;
  const mayBeNull = typeof type !== 'string';
  switch (mayBeNull ? type[0] : type) {
    case 'object':
      return readObject(schema, value, path);
    case 'array':
      return readList(schema, value, path);
    case 'string':
      return readText(schema, value, path);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw reportFault(path, `is ${shown(value)}; it must be true or false`);
    default:
      return readNumber(schema, value, path, mayBeNull);
  }
}

function readObject(schema: JsonSchema, value: unknown, path: string): Record<string, unknown> {
  const { properties = {}, required = [], additionalProperties, maxProperties = Number.POSITIVE_INFINITY } = schema;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw reportFault(path, `is ${shown(value)}; it must be an object`);
  }
  const own = (name: string) =>
    Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
  const names = additionalProperties === undefined ? Object.keys(properties) : Object.keys(value);
  if (names.length > Math.max(maxProperties, Object.keys(properties).length)) {
    throw reportFault(path, `has ${names.length} entries; ${maxProperties} are allowed`);
  }
  const entries = names.flatMap((name): [string, unknown][] => {
    const given = own(name);
    const at = path === '' ? name : `${path}.${name.slice(0, SHOWN)}`;
    if (given === undefined) {
      if (required.includes(name)) throw reportFault(at, 'is missing');
      return [];
    }
    return [
      [
        name,
        readBySchema(
          Object.hasOwn(properties, name) ? (properties[name] as JsonSchema) : (additionalProperties as JsonSchema),
          given,
          at,
        ),
      ],
    ];
  });
  // Names like __proto__ become properties like any other.
  return Object.fromEntries(entries);
}

function readList(schema: JsonSchema, value: unknown, path: string): unknown[] {
  const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  if (!Array.isArray(value)) throw reportFault(path, `is ${shown(value)}; it must be a list`);
  const { length } = value;
  if (length < minItems || length > maxItems) {
    throw reportFault(path, `has ${length} entries; ${minItems} to ${maxItems} are allowed`);
  }
  return Array.from({ length }, (_, i) => readBySchema(items as JsonSchema, value[i], `${path}[${i}]`));
}

function readText(schema: JsonSchema, value: unknown, path: string): string {
  const { maxLength = Number.POSITIVE_INFINITY, enum: known } = schema;
  if (typeof value !== 'string') throw reportFault(path, `is ${shown(value)}; it must be a text`);
  if (value.length > maxLength) {
    throw reportFault(path, `has ${value.length} characters; ${maxLength} are allowed`);
  }
  if (schema.const !== undefined && value !== schema.const) {
    throw reportFault(path, `is ${shown(value)}; it must be "${schema.const}"`);
  }
  if (known !== undefined && !known.includes(value)) {
    throw reportFault(path, `is ${shown(value)}; it must be one of ${known.join(', ')}`);
  }
  return value;
}

function readNumber(schema: JsonSchema, value: unknown, path: string, mayBeNull: boolean): number {
  const { type, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
  const isKnown = typeof value === 'number' && Number.isFinite(value);
  if (!isKnown && mayBeNull && (value === null || typeof value === 'number')) return Number.NaN;
  const what = type === 'integer' ? 'a whole number' : 'a number';
  if (!isKnown || (type === 'integer' && !Number.isInteger(value)) || value < minimum || value > maximum) {
    const bounds = [
      ...(schema.minimum === undefined ? [] : [` of at least ${minimum}`]),
      ...(schema.maximum === undefined ? [] : [` of at most ${maximum}`]),
    ];
    throw reportFault(path, `is ${shown(value)}; it must be ${what}${bounds.join(' and')}`);
  }
  if (schema.const !== undefined && value !== schema.const) {
    throw reportFault(path, `is ${value}; it must be ${schema.const}`);
  }
  return value;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  try {
    return String(value);
  } catch (error) {
    return messageOf(error);
  }
}
