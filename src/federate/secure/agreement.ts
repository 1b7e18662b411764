import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { deriveBytes, toHex } from '../../core/hash.ts';

export const KEY_BYTES = 32;
/** A key serves for one message or mask, so its nonce may be the same each time. */
const NONCE = new Uint8Array(12);
/** What stands before a secret in the form that WebCrypto reads: RFC 8410, §7. */
const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);

/** A pair for one round, whose public half is 64 hexadecimal digits. The secret is bytes, which can be split among others. */
export interface KeyPair {
  readonly secret: Uint8Array<ArrayBuffer>;
  readonly public: string;
}

/** Source    X25519: RFC 7748 */
export function keyPair(secret = crypto.getRandomValues(new Uint8Array(KEY_BYTES))): KeyPair {
  return { secret, public: toHex(x25519.getPublicKey(secret)) };
}

/** Points with which everybody knows what two agree on; the highest bit does not count. */
const WEAK: readonly string[] = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  ...['ec', 'ed', 'ee'].map((first) => `${first}${'ff'.repeat(30)}7f`),
];

/** Whether a public key is none of the few that hide nothing. Source    Bernstein 2006, "Curve25519", and RFC 7748, §6.1 */
export function isSoundKey(publicKey: string): boolean {
  const last = (Number.parseInt(publicKey.slice(-2), 16) & 0x7f).toString(16).padStart(2, '0');
  return !WEAK.includes(publicKey.slice(0, -2) + last);
}

/** 32 bytes that only the holders of one of both secrets can compute, for one purpose. The key must be sound. */
export async function agree(
  secret: Uint8Array<ArrayBuffer>,
  publicKey: string,
  purpose: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const theirs = Uint8Array.from(publicKey.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const onPlatform = await platformAgreement();
  const common = onPlatform ? await onPlatform(secret, theirs) : new Uint8Array(x25519.getSharedSecret(secret, theirs));
  return deriveBytes(common, purpose, KEY_BYTES);
}

type Agreement = (secret: Uint8Array<ArrayBuffer>, theirs: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;

let found: Promise<Agreement | undefined> | undefined;

/** The platform's X25519, many times as fast as the library's; undefined where it has none, or another one. */
export function platformAgreement(): Promise<Agreement | undefined> {
  found ??= findAgreement().catch(() => undefined);
  return found;
}

async function findAgreement(): Promise<Agreement | undefined> {
  const platform: { subtle?: SubtleCrypto } | undefined = globalThis.crypto;
  const { subtle } = platform ?? {};
  if (subtle === undefined) return undefined;
  const form = { name: 'X25519' };
  const offered: Agreement = async (secret, theirs) => {
    const own = await subtle.importKey('pkcs8', Uint8Array.of(...PKCS8, ...secret), form, false, ['deriveBits']);
    const other = await subtle.importKey('raw', theirs, form, false, []);
    return new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: other }, own, 8 * KEY_BYTES));
  };
  const [one, two] = [
    new Uint8Array(KEY_BYTES).fill(1),
    new Uint8Array(x25519.getPublicKey(new Uint8Array(KEY_BYTES).fill(2))),
  ];
  return toHex(await offered(one, two)) === toHex(x25519.getSharedSecret(one, two)) ? offered : undefined;
}

/**
 * Words that cannot be told from random ones without the key, which serves for nothing else.
 * Source    ChaCha20: RFC 8439, §2.4
 */
export function maskOf(key: Uint8Array, length: number): Uint32Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 * length);
  chacha20(key, NONCE, bytes, bytes);
  return new Uint32Array(bytes.buffer);
}

/** Encrypts the one message of a key; nobody can change it unnoticed. Source    RFC 8439, §2.8 */
export function seal(key: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(chacha20poly1305(key, NONCE).encrypt(message));
}

/** The message; undefined if it was changed or sealed with another key. */
export function unseal(key: Uint8Array, sealed: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Uint8Array(chacha20poly1305(key, NONCE).decrypt(sealed));
  } catch {
    return undefined;
  }
}
