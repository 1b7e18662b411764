import { isTagged } from './tags.ts';
import { yieldToEvents } from './yield.ts';

export type HashAlgorithm = 'SHA-256' | 'SHA-384' | 'SHA-512';

/** Bytes that the library hashes in one go: a few milliseconds, even on a slow phone. */
const BLOCK_BYTES = 256 * 1024;

/**
 * SHA-256 of some bytes as 64 hexadecimal digits. On a secure page the platform computes it off this thread; elsewhere
 * a library does it here.
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return toHex(await sha256Bytes(bytes));
}

/** SHA-256 as 32 bytes. */
export function sha256Bytes(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return hashBytes('SHA-256', bytes);
}

/** A hash of the SHA-2 family. If the library computes it, events have their turn after every block. */
export async function hashBytes(algorithm: HashAlgorithm, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { subtle } = globalThis.crypto ?? {};
  if (subtle !== undefined) {
    // The platform reads no shared memory; a copy is its own.
    const own = isTagged(bytes.buffer, 'ArrayBuffer') ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
    return new Uint8Array(await subtle.digest(algorithm, own));
  }
  const library = await import('@noble/hashes/sha2.js');
  const hash = { 'SHA-256': library.sha256, 'SHA-384': library.sha384, 'SHA-512': library.sha512 }[algorithm].create();
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    if (start > 0) await yieldToEvents();
    hash.update(bytes.subarray(start, start + BLOCK_BYTES));
  }
  return new Uint8Array(hash.digest());
}

/**
 * A hash that only the holder of a secret can compute: HMAC with SHA-256, 32 bytes.
 * Source    RFC 2104
 */
export async function keyedHash(
  secret: Uint8Array<ArrayBuffer>,
): Promise<(bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>> {
  const { subtle } = globalThis.crypto ?? {};
  if (subtle !== undefined) {
    const key = await subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    return async (bytes) => new Uint8Array(await subtle.sign('HMAC', key, bytes));
  }
  const [{ hmac }, { sha256: inner }] = await Promise.all([
    import('@noble/hashes/hmac.js'),
    import('@noble/hashes/sha2.js'),
  ]);
  return async (bytes) => new Uint8Array(hmac(inner, secret, bytes));
}

/** Bytes as hexadecimal digits, two each. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Key material of any length from a secret, another for each purpose: HKDF with SHA-256, without salt.
 * Source    RFC 5869
 */
export async function deriveBytes(
  secret: Uint8Array<ArrayBuffer>,
  purpose: string,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { subtle } = globalThis.crypto ?? {};
  const info = new TextEncoder().encode(purpose);
  if (subtle !== undefined) {
    const key = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
    const form = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
    return new Uint8Array(await subtle.deriveBits(form, key, 8 * length));
  }
  const [{ hkdf }, { sha256: inner }] = await Promise.all([
    import('@noble/hashes/hkdf.js'),
    import('@noble/hashes/sha2.js'),
  ]);
  return new Uint8Array(hkdf(inner, secret, undefined, info, length));
}
