import { chacha20 } from '@noble/ciphers/chacha.js';
import { KEY_WORDS, type SecretKey } from './secretKey.ts';

/** Each purpose has its own stream. At most twelve letters, which are the nonce. */
export type SecretPurpose = 'noise' | 'lots' | 'guard';

const BLOCK_BYTES = 64;
/** Blocks computed in one go. */
const AT_ONCE = 64;
const ZEROS = new Uint8Array(AT_ONCE * BLOCK_BYTES);

/**
 * Numbers in (0, 1), of 53 bits each. Without the key they cannot be told from random ones, whatever numbers came
 * before: they come from a stream cipher.
 * Source    Bernstein 2008, ChaCha; RFC 8439, §2.4
 */
export function secretNumbers(key: SecretKey, purpose: SecretPurpose): () => number {
  const bytes = bytesOf(key);
  const nonce = new Uint8Array(12);
  new TextEncoder().encodeInto(purpose, nonce);
  let words = new DataView(new ArrayBuffer(0));
  let [at, block] = [0, 0];
  return () => {
    if (at === words.byteLength) {
      const made = chacha20(bytes, nonce, ZEROS, undefined, block);
      words = new DataView(made.buffer, made.byteOffset, made.byteLength);
      block += AT_ONCE;
      at = 0;
    }
    const [high, low] = [words.getUint32(at, true), words.getUint32(at + 4, true)];
    at += 8;
    return ((high >>> 5) * 67_108_864 + (low >>> 6) + 1) / (2 ** 53 + 2);
  };
}

/** 32 bytes, least significant first. */
export function bytesOf(key: SecretKey): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(KEY_WORDS * 4));
  for (const [i, word] of key.entries()) view.setUint32(i * 4, word, true);
  return new Uint8Array(view.buffer);
}
