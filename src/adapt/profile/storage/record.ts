import { LimbeckError } from '../../../core/errors.ts';
import { sha256Bytes } from '../../../core/hash.ts';
import { parseJson } from '../../../core/parseJson.ts';
import { type DType, dtypeOf, makeArray, type NamedArrays, ndArray, sizeOf } from '../../../core/shape.ts';

export { readValue } from '../../../storage/damage.ts';

// Every value of a profile, all numbers with the low byte first:
//
//   0   "lpr", and the version of this form as a byte
//   4   length of the head in bytes
//   8   the head as JSON; "bytes" in it are the lengths of the parts
//       the parts, one after the other
//       the first 16 bytes of the SHA-256 of everything before
//
// A profile as one file ("lpf", see `profileFile.ts`) has the same form.

const FORM = 1;
const HEAD_AT = 8;
const HASH_BYTES = 16;

export type RecordKind = 'binding' | 'head' | 'importing' | 'example' | 'version' | 'spent' | 'secret' | 'file';

export interface ProfileRecord {
  readonly head: Readonly<Record<string, unknown>>;
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
}

export async function packRecord(
  kind: RecordKind,
  head: object,
  parts: readonly Uint8Array[] = [],
): Promise<Uint8Array<ArrayBuffer>> {
  const lengths = parts.map(({ byteLength }) => byteLength);
  const text = new TextEncoder().encode(JSON.stringify({ kind, bytes: lengths, ...head }));
  const size = HEAD_AT + text.length + lengths.reduce((sum, length) => sum + length, 0);
  const record = new Uint8Array(size + HASH_BYTES);
  record.set([...magicOf(kind), FORM]);
  new DataView(record.buffer).setUint32(4, text.length, true);
  record.set(text, HEAD_AT);
  let at = HEAD_AT + text.length;
  for (const part of parts) {
    record.set(part, at);
    at += part.byteLength;
  }
  record.set((await sha256Bytes(record.subarray(0, size))).subarray(0, HASH_BYTES), size);
  return record;
}

/**
 * Takes a record apart; the parts are copies.
 * Throws    profile-invalid: another thing than `kind`, of a later form, cut short, or changed; `what` names it
 */
export async function readRecord(bytes: Uint8Array, kind: RecordKind, what: string): Promise<ProfileRecord> {
  const size = bytes.byteLength - HASH_BYTES;
  const isOurs = size >= HEAD_AT && magicOf(kind).every((byte, i) => bytes[i] === byte);
  if (!isOurs) throw recordError(what, 'it does not begin as one');
  if (bytes[3] !== FORM) {
    throw recordError(what, `it is of the form ${bytes[3]}, and this version of the library reads form ${FORM}`);
  }
  const hash = await sha256Bytes(bytes.subarray(0, size));
  if (!bytes.subarray(size).every((byte, i) => byte === hash[i])) {
    throw recordError(what, 'its bytes were changed or cut short');
  }
  // From here on these are the bytes that were written, unless they are forged.
  const start = HEAD_AT + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  const head = parse(bytes.subarray(HEAD_AT, Math.min(start, size)));
  if (head?.['kind'] !== kind || !isCounts(head['bytes'])) throw recordError(what, `it is no ${kind}`);
  let at = start;
  const parts = head['bytes'].map((length) => {
    at += length;
    return bytes.slice(at - length, at);
  });
  if (at !== size) throw recordError(what, 'its parts do not fill it');
  return { head, parts };
}

export interface ArraySpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Named arrays as a list for the head and parts for the body, each as it was given. */
export function arraysToParts(arrays: NamedArrays): { specs: ArraySpec[]; parts: Uint8Array[] } {
  const entries = Object.entries(arrays);
  return {
    specs: entries.map(([name, { data, shape }]) => ({ name, dtype: dtypeOf(data), shape })),
    parts: entries.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  };
}

/** Throws    profile-invalid: no arrays, or lengths that do not fit */
export function arraysFromParts(
  specs: readonly unknown[],
  parts: readonly Uint8Array<ArrayBuffer>[],
  what: string,
): NamedArrays {
  return Object.fromEntries(
    specs.map((spec, i) => {
      if (!isArraySpec(spec)) throw recordError(what, 'what it says of its arrays is nothing of the kind');
      const { name, dtype, shape } = spec;
      // Before allocating: a shape may say anything.
      const size = sizeOf(shape);
      const part = parts[i];
      if (part?.byteLength !== size * BYTES[dtype]) throw recordError(what, `"${name}" has not the bytes of its shape`);
      const data = makeArray(dtype, size);
      new Uint8Array(data.buffer).set(part);
      return [name, ndArray(data, shape)];
    }),
  );
}

const BYTES: Readonly<Record<DType, number>> = { float32: 4, int32: 4, uint8: 1 };

function isArraySpec(value: unknown): value is ArraySpec {
  const { name, dtype, shape } = Object(value) as Partial<ArraySpec>;
  return typeof name === 'string' && typeof dtype === 'string' && Object.hasOwn(BYTES, dtype) && isCounts(shape);
}

/** Whether it says that bytes are damaged, not that they could not be read. */
export function isDamage(error: unknown): error is LimbeckError {
  return error instanceof LimbeckError && (error.code === 'profile-invalid' || error.code === 'patch-invalid');
}

/** For a rejection: undefined if bytes are damaged; other errors are thrown again. */
export function ifDamage(error: unknown): undefined {
  if (!isDamage(error)) throw error;
}

export function recordError(what: string, why: string): LimbeckError {
  return new LimbeckError('profile-invalid', `${what} cannot be read: ${why}.`, { details: { what, why } });
}

function magicOf(kind: RecordKind): number[] {
  return [...(kind === 'file' ? 'lpf' : 'lpr')].map((letter) => letter.charCodeAt(0));
}

function parse(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    // Copying this key would change the prototype of objects.
    const head = parseJson(new TextDecoder().decode(bytes), (key, value) => (key === '__proto__' ? undefined : value));
    return isPlain(head) ? head : undefined;
  } catch {
    return undefined;
  }
}

export function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isInteger(one) && one >= 0);
}

/** An object of JSON that is no list. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
