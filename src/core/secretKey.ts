import { LimbeckError } from './errors.ts';

/** The key of numbers that nobody else may predict: 256 bits, as eight words. */
export type SecretKey = readonly number[];

export const KEY_WORDS = 8;

/** A key from the platform's secure source. */
export function drawKey(): SecretKey {
  return [...crypto.getRandomValues(new Uint32Array(KEY_WORDS))];
}

/** Whether a value is eight whole numbers of 32 bits. */
export function isKey(value: unknown): value is SecretKey {
  const isWord = (word: unknown) => Number.isInteger(word) && (word as number) >= 0 && (word as number) < 2 ** 32;
  return Array.isArray(value) && value.length === KEY_WORDS && value.every(isWord);
}

/** Throws    invalid-option: not 256 bits; with fewer the noise could be guessed, and with none it would be the same each time */
export function checkNoiseSeed(seed: unknown): void {
  if (isKey(seed)) return;
  throw new LimbeckError(
    'invalid-option',
    '"noiseSeed" must be eight whole numbers of 32 bits, from a secure source: 256 bits that nobody can guess. Leave it ' +
      'out, and the platform draws them.',
    { details: { name: 'noiseSeed' } },
  );
}
