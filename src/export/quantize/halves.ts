import { figures } from '../../core/figures.ts';

/** The largest finite half. */
const MOST = 65504;
/** Below it, halves lose precision. */
const SMALLEST_NORMAL = 2 ** -14;

/** Why numbers cannot be stored as halves; undefined if they can. Infinite ones can. */
export function whyNotHalves(values: Float32Array): string | undefined {
  let [largest, beyond] = [0, 0];
  for (const value of values) {
    const magnitude = Math.abs(value);
    if (magnitude > largest) largest = magnitude;
    if (magnitude > MOST && magnitude !== Number.POSITIVE_INFINITY) beyond++;
  }
  if (beyond > 0) return `${beyond} of its ${values.length} weights lie beyond ±${MOST}, the largest half`;
  if (largest === 0 || largest >= SMALLEST_NORMAL) return undefined;
  return `its weights, ${figures(largest)} at most, are too small for halves`;
}
