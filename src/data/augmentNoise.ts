const LEVELS = 2 ** 14;

/**
 * Adds normal noise with a given standard deviation to each value. It is drawn from a table of 16,384 equally likely
 * numbers, several times faster than computing each. Their mean is 0, their deviation 1, and the largest is 4.
 */
export function addNoise(values: Float32Array, deviation: number, seed: number): void {
  const table = levels();
  // Mulberry32 as in core/random.ts, written out: one draw of 32 bits is enough for two values of 14.
  let state = seed >>> 0;
  for (let i = 0; i < values.length; i += 2) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    t ^= t >>> 14;
    values[i] = (values[i] as number) + deviation * (table[t >>> 18] as number);
    if (i + 1 < values.length) {
      values[i + 1] = (values[i + 1] as number) + deviation * (table[(t >>> 2) & (LEVELS - 1)] as number);
    }
  }
}

let made: Float32Array | undefined;

function levels(): Float32Array {
  if (made !== undefined) return made;
  const quantiles = Float64Array.from({ length: LEVELS }, (_, i) => normalQuantile((i + 0.5) / LEVELS));
  const deviation = Math.sqrt(quantiles.reduce((sum, value) => sum + value * value, 0) / LEVELS);
  made = Float32Array.from(quantiles, (value) => value / deviation);
  return made;
}

/**
 * The number below which a normal number falls with that probability, to 4.5e-4.
 * Source    Hastings 1955, as in Abramowitz and Stegun 1964, 26.2.23
 */
function normalQuantile(probability: number): number {
  if (probability > 0.5) return -normalQuantile(1 - probability);
  const t = Math.sqrt(-2 * Math.log(probability));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  return above / below - t;
}
