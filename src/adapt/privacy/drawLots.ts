import type { SecretKey } from '../../core/secretKey.ts';
import { secretNumbers } from '../../core/secretRandom.ts';

/** Which examples the steps of a private run take. */
export interface Lots {
  /** The examples of all steps, one after the other. */
  readonly order: Int32Array;
  readonly counts: { readonly lots: readonly number[]; readonly expectedLot: number };
}

/** What the lots depend on. */
export interface LotsOptions {
  readonly sampleFraction: number;
  readonly steps: number;
  /** Whoever knows it knows which examples were in which step; the stated privacy holds against all others. */
  readonly noiseSeed: SecretKey;
  /** Expected examples in a step, independent of which examples there are: the sum of a step is divided by it. */
  readonly expectedLot: number;
}

/**
 * Poisson sampling: each example is in each step with the same probability, independent of the others. The accountant's
 * figures hold for this, and not for a shuffled order.
 * Source    Abadi et al. 2016, §3.1, arXiv:1607.00133
 */
export function drawLots(size: number, { sampleFraction, steps, noiseSeed, expectedLot }: LotsOptions): Lots {
  const uniform = secretNumbers(noiseSeed, 'lots');
  const order: number[] = [];
  const lots: number[] = [];
  for (let step = 0; step < steps; step++) {
    const before = order.length;
    for (let i = 0; i < size; i++) if (uniform() < sampleFraction) order.push(i);
    lots.push(order.length - before);
  }
  return { order: Int32Array.from(order), counts: { lots, expectedLot } };
}
