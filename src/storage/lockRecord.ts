import { sha256Bytes } from '../core/hash.ts';

/** OWASP's figure for PBKDF2-HMAC-SHA-256 (Password Storage Cheat Sheet, 2023). */
export const ITERATIONS = 600_000;
/** This library never wrote more, which would block a page for minutes. */
const MOST_ITERATIONS = 10_000_000;
export const SALT_BYTES = 16;

// The record, version 1: "LEL", 1 (4) · opened by (1) · iterations (4, little-endian) · salt (16) · check (32) · SHA-256
// of all that (32). The last finds damage; only the check knows the key.
const MAGIC = Uint8Array.of(0x4c, 0x45, 0x4c, 1);
const OPENED_BY = ['device', 'passphrase'] as const;
const SALT_AT = MAGIC.length + 5;
const CHECK_AT = SALT_AT + SALT_BYTES;
const HASH_AT = CHECK_AT + 32;

/** The record of an encrypted store's key. */
export interface Lock {
  readonly openedBy: (typeof OPENED_BY)[number];
  /** 0, like the salt, for a key of the device. */
  readonly iterations: number;
  readonly salt: Uint8Array<ArrayBuffer>;
}

/** The bytes of a record; `check` knows the key. */
export async function recordOf(lock: Lock, check: Uint8Array): Promise<Uint8Array> {
  const record = new Uint8Array(HASH_AT + 32);
  record.set(MAGIC);
  record[MAGIC.length] = OPENED_BY.indexOf(lock.openedBy);
  new DataView(record.buffer).setUint32(MAGIC.length + 1, lock.iterations, true);
  record.set(lock.salt, SALT_AT);
  record.set(check, CHECK_AT);
  record.set(await sha256Bytes(record.subarray(0, HASH_AT)), HASH_AT);
  return record;
}

/** Undefined if it is damaged, or not written by this library. */
export async function lockOf(record: Uint8Array<ArrayBuffer>): Promise<Lock | undefined> {
  if (record.length !== HASH_AT + 32 || MAGIC.some((byte, i) => byte !== record[i])) return undefined;
  const hash = await sha256Bytes(record.subarray(0, HASH_AT));
  if (hash.some((byte, i) => byte !== record[HASH_AT + i])) return undefined;
  const openedBy = OPENED_BY[record[MAGIC.length] as number];
  const iterations = new DataView(record.buffer).getUint32(MAGIC.length + 1, true);
  if (openedBy === undefined) return undefined;
  // Fewer would make guessing cheap for an attacker who wrote that number.
  if (openedBy === 'passphrase' && (iterations < ITERATIONS || iterations > MOST_ITERATIONS)) return undefined;
  return { openedBy, iterations, salt: record.slice(SALT_AT, CHECK_AT) };
}

/** The check of the key that a record was made with. */
export function checkIn(record: Uint8Array): Uint8Array {
  return record.subarray(CHECK_AT, HASH_AT);
}
