/**
 * SHA-256 of some bytes as 64 hexadecimal digits. The platform computes it off this thread where the page is secure;
 * elsewhere a library does it here.
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return toHex(await sha256Bytes(bytes));
}

/** The same as 32 bytes. */
export async function sha256Bytes(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { subtle } = globalThis.crypto ?? {};
  // The platform reads no shared memory; a copy is its own.
  const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  if (subtle !== undefined) return new Uint8Array(await subtle.digest('SHA-256', own));
  const library = await import('@noble/hashes/sha2.js');
  return new Uint8Array(library.sha256(own));
}

/** Bytes as hexadecimal digits, two each. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
