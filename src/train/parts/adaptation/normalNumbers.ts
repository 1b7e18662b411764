import type { SecretKey } from '../../../core/secretKey.ts';
import { secretNumbers } from '../../../core/secretRandom.ts';

/**
 * Standard normal numbers that nobody can predict without the key.
 * Source    Box and Muller 1958, Ann. Math. Statist. 29(2)
 */
export function normalNumbers(key: SecretKey): () => number {
  const uniform = secretNumbers(key, 'noise');
  let kept: number | undefined;
  return () => {
    if (kept !== undefined) {
      const value = kept;
      kept = undefined;
      return value;
    }
    const [radius, angle] = [Math.sqrt(-2 * Math.log(small(uniform))), 2 * Math.PI * uniform()];
    kept = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

const SMALL = 2 ** -8;

/** A number with 45 significant bits, however small: small numbers give large normal ones. */
function small(uniform: () => number): number {
  let scale = 1;
  for (;;) {
    const value = uniform();
    if (value >= SMALL) return scale * value;
    scale *= SMALL;
  }
}
