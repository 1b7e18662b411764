import { toHex } from '../core/hash.ts';
import { isTagged } from '../core/tags.ts';
import { type StoreKey, webCrypto } from './keys.ts';

// A sealed value, version 1 (numbers are little-endian):
//
//   4  "LEV", 1                       what this is
//   4  blocks                         of 64 bytes that the label takes
//  12  nonce of the label
//   …  label, AES-GCM                 length of the value (8), its key in UTF-8, 0x80, zeros; 16 bytes of tag
//  12  nonce of the value
//   …  value, AES-GCM                 as long as the value; 16 bytes of tag
//
// Everything before the second nonce is the head, which can be read without the value. Zeros pad the label, so that its
// length says little about that of the key.

const MAGIC = Uint8Array.of(0x4c, 0x45, 0x56, 1);
const BLOCK_BYTES = 64;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FIXED_BYTES = MAGIC.length + 4;

/** Bytes of a head for keys of up to 55 bytes: the first part to read if the key is not known. */
export const USUAL_HEAD_BYTES = headBytes(1);

/** The place of a sealed value, outside which it cannot be opened. */
export interface SealedPlace {
  readonly store: string;
  /** Its key in the store beneath, as `nameBeneath` gives it. */
  readonly beneath: string;
}

export interface Label {
  readonly key: string;
  /** Bytes of the value. */
  readonly length: number;
}

/** The name of a value in the store beneath: 64 hexadecimal digits that only the holder of the key can compute. */
export async function nameBeneath({ naming }: StoreKey, store: string, key: string): Promise<string> {
  return toHex(new Uint8Array(await webCrypto().sign('HMAC', naming, framed('name', store, key))));
}

/**
 * The sealed form of a value. Its two nonces are random, which is safe for 2³¹ puts with one key.
 * Source    AES-GCM and the limit on random nonces: NIST SP 800-38D, §8.2.2 and §8.3
 */
export async function seal(
  { encryption }: StoreKey,
  place: SealedPlace,
  key: string,
  value: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const label = labelBytes({ key, length: value.length });
  const blocks = label.length / BLOCK_BYTES;
  const valueAt = headBytes(blocks);
  const sealed = new Uint8Array(valueAt + NONCE_BYTES + value.length + TAG_BYTES);
  sealed.set(MAGIC);
  new DataView(sealed.buffer).setUint32(MAGIC.length, blocks, true);
  const head = sealed.subarray(0, valueAt);
  await encrypt(encryption, aboutLabel(head, place), label, sealed.subarray(FIXED_BYTES, valueAt));
  await encrypt(encryption, aboutValue(head, place, key), value, sealed.subarray(valueAt));
  return sealed;
}

/** The value; undefined if the bytes are not those that were sealed for this place and key. */
export async function unseal(
  { encryption }: StoreKey,
  place: SealedPlace,
  key: string,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const valueAt = headBytesOf(sealed);
  if (valueAt === undefined || valueAt > sealed.length) return undefined;
  return decrypt(encryption, aboutValue(sealed.subarray(0, valueAt), place, key), sealed.subarray(valueAt));
}

/** The label of a sealed value, of which at least the head is given; undefined if it was not sealed here. */
export async function readLabel(
  { encryption }: StoreKey,
  place: SealedPlace,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<Label | undefined> {
  const valueAt = headBytesOf(sealed);
  if (valueAt === undefined || valueAt > sealed.length) return undefined;
  const label = sealed.subarray(FIXED_BYTES, valueAt);
  const bytes = await decrypt(encryption, aboutLabel(sealed, place), label);
  if (bytes === undefined) return undefined;
  const end = bytes.lastIndexOf(0x80);
  return {
    length: Number(new DataView(bytes.buffer).getBigUint64(0, true)),
    key: new TextDecoder().decode(bytes.subarray(8, end)),
  };
}

/** The length that a head says it has; undefined if there is none. */
export function headBytesOf(sealed: Uint8Array<ArrayBuffer>): number | undefined {
  if (sealed.length < FIXED_BYTES || MAGIC.some((byte, i) => byte !== sealed[i])) return undefined;
  return headBytes(new DataView(sealed.buffer, sealed.byteOffset).getUint32(MAGIC.length, true));
}

/** Texts and bytes in a row, each preceded by its length, so that no two lists give the same bytes. */
export function framed(...parts: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const all = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part));
  const bytes = new Uint8Array(all.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of all) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

function headBytes(blocks: number): number {
  return FIXED_BYTES + NONCE_BYTES + blocks * BLOCK_BYTES + TAG_BYTES;
}

function labelBytes({ key, length }: Label): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(key);
  const bytes = new Uint8Array(Math.ceil((8 + name.length + 1) / BLOCK_BYTES) * BLOCK_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(name, 8);
  bytes[8 + name.length] = 0x80;
  return bytes;
}

function aboutLabel(head: Uint8Array, { store, beneath }: SealedPlace): Uint8Array<ArrayBuffer> {
  return framed('label', head.subarray(0, FIXED_BYTES), store, beneath);
}

/** Covers the whole head, so that the head of one put and the value of another do not pass as one. */
function aboutValue(head: Uint8Array, { store }: SealedPlace, key: string): Uint8Array<ArrayBuffer> {
  return framed('value', head, store, key);
}

/** Writes a fresh nonce and what it encrypts, with the tag. */
async function encrypt(
  key: CryptoKey,
  additionalData: Uint8Array<ArrayBuffer>,
  plain: Uint8Array<ArrayBuffer>,
  into: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const iv = crypto.getRandomValues(into.subarray(0, NONCE_BYTES));
  const bytes = await webCrypto().encrypt({ name: 'AES-GCM', iv, additionalData }, key, plain);
  into.set(new Uint8Array(bytes), NONCE_BYTES);
}

async function decrypt(
  key: CryptoKey,
  additionalData: Uint8Array<ArrayBuffer>,
  from: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (from.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const iv = from.subarray(0, NONCE_BYTES);
  try {
    const options = { name: 'AES-GCM', iv, additionalData };
    return new Uint8Array(await webCrypto().decrypt(options, key, from.subarray(NONCE_BYTES)));
  } catch (error) {
    // AES-GCM's only error for bytes that do not belong together.
    if (isTagged(error, 'Error') && error.name === 'OperationError') return undefined;
    throw error;
  }
}
