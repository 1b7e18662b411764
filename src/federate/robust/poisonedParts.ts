import { invalidOption } from '../../core/options.ts';
import { given, schema } from '../../core/schema.ts';
import type { Part } from '../combine.ts';
import { squaredDistance } from '../distance.ts';

export const POISONED = schema('who may be poisoned', {
  /** The fraction of clients that may be poisoned, from 0 to below 0.5. Default 0.2. */
  poisoned: given<number>((value, name) => {
    if (!(value >= 0 && value < 0.5)) throw invalidOption(name, value, 'a fraction from 0 to below 0.5');
  }, 0.2),
});

/** How many of so many parts that are, rounded up: fewer than half. */
export function mostPoisoned(fraction: number, count: number): number {
  return Math.min(Math.ceil(fraction * count), Math.floor((count - 1) / 2));
}

/** Squared distances of each part to all, [n][n]; to itself 0. */
export function distancesBetween(parts: readonly Part[]): Float64Array[] {
  const distances = parts.map(() => new Float64Array(parts.length));
  for (const [a, { values }] of parts.entries()) {
    for (let b = a + 1; b < parts.length; b++) {
      const squared = squaredDistance(values, (parts[b] as Part).values);
      (distances[a] as Float64Array)[b] = squared;
      (distances[b] as Float64Array)[a] = squared;
    }
  }
  return distances;
}
