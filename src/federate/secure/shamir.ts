import { invalidOption } from '../../core/options.ts';

// The field of 2¹⁶ elements: x¹⁶ + x¹² + x³ + x + 1 is primitive, so the powers of x are all elements but 0.
const POLYNOMIAL = 0x1100b;
const ORDER = 2 ** 16 - 1;

/** Powers of x, twice in a row so that a sum of two logarithms needs no remainder, and logarithms; made at first use. */
let tables: { readonly powers: Uint16Array; readonly logs: Uint16Array } | undefined;

function field() {
  if (tables !== undefined) return tables;
  const powers = new Uint16Array(2 * ORDER);
  const logs = new Uint16Array(ORDER + 1);
  for (let i = 0, power = 1; i < ORDER; i++) {
    powers[i] = power;
    powers[i + ORDER] = power;
    logs[power] = i;
    power <<= 1;
    if (power > ORDER) power ^= POLYNOMIAL;
  }
  tables = { powers, logs };
  return tables;
}

function times(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  const { powers, logs } = field();
  return powers[(logs[a] as number) + (logs[b] as number)] as number;
}

function dividedBy(a: number, b: number): number {
  const { powers, logs } = field();
  return a === 0 ? 0 : (powers[(logs[a] as number) + ORDER - (logs[b] as number)] as number);
}

/** One part of a secret: the value at `at` of the polynomials that hide it. */
export interface Share {
  /** From 1 to the number of shares. */
  readonly at: number;
  /** As long as the secret. */
  readonly bytes: Uint8Array;
}

/**
 * Splits a secret into shares, any `threshold` of which give it back, and fewer of which say nothing about it but its length.
 * Each pair of bytes is the constant of a polynomial of degree threshold − 1 with coefficients from the platform's secure source.
 * Throws    invalid-option: an odd number of bytes · not 1 ≤ threshold ≤ shares ≤ 65,535
 * Source    Shamir 1979, "How to Share a Secret"
 */
export function splitSecret(secret: Uint8Array, threshold: number, shares: number): Share[] {
  if (secret.length % 2 !== 0) throw invalidOption('secret', `${secret.length} bytes long`, 'of an even length');
  if (!(Number.isInteger(shares) && shares >= 1 && shares <= ORDER)) {
    throw invalidOption('shares', shares, `a whole number from 1 to ${ORDER}`);
  }
  if (!(Number.isInteger(threshold) && threshold >= 1 && threshold <= shares)) {
    throw invalidOption('threshold', threshold, `a whole number from 1 to ${shares}`);
  }
  const words = wordsOf(secret);
  const coefficients = words.map((word) => {
    const all = crypto.getRandomValues(new Uint16Array(threshold));
    all[0] = word;
    return all;
  });
  return Array.from({ length: shares }, (_, i) => ({
    at: i + 1,
    bytes: bytesOf(
      coefficients.map((all) => all.reduceRight((value, coefficient) => times(value, i + 1) ^ coefficient, 0)),
    ),
  }));
}

/**
 * The secret of some shares, by Lagrange's interpolation at 0. Too few, or one that is wrong, give other bytes: who
 * joins them must know how to tell.
 * Throws    invalid-option: no shares, two of one place, or of different lengths
 */
export function joinShares(shares: readonly Share[]): Uint8Array<ArrayBuffer> {
  const places = shares.map(({ at }) => at);
  const length = shares[0]?.bytes.length ?? -1;
  const isSound = shares.every(
    ({ at, bytes }) => Number.isInteger(at) && at >= 1 && at <= ORDER && bytes.length === length,
  );
  if (length < 0 || length % 2 !== 0 || !isSound || new Set(places).size < shares.length) {
    throw invalidOption('shares', `${shares.length} at ${places.join(', ')}`, 'of one secret, each of its own place');
  }
  const sums = new Array<number>(length / 2).fill(0);
  for (const { at, bytes } of shares) {
    let weight = 1;
    for (const other of places) if (other !== at) weight = times(weight, dividedBy(other, other ^ at));
    for (const [i, word] of wordsOf(bytes).entries()) sums[i] = (sums[i] as number) ^ times(weight, word);
  }
  return bytesOf(sums);
}

function wordsOf(bytes: Uint8Array): number[] {
  return Array.from(
    { length: bytes.length / 2 },
    (_, i) => (bytes[2 * i] as number) | ((bytes[2 * i + 1] as number) << 8),
  );
}

function bytesOf(words: readonly number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(words.flatMap((word) => [word & 0xff, word >>> 8]));
}
