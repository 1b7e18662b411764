import { type SecretKey, secretNumbers } from '../../core/secretRandom.ts';

/** Which examples the steps of a private run take. */
export interface Lots {
  /** The examples of all steps, one after the other. */
  readonly order: Int32Array;
  readonly counts: { readonly lots: readonly number[]; readonly expectedLot: number };
}

/** What decides the lots. */
export interface LotsOptions {
  readonly sampleFraction: number;
  readonly steps: number;
  /** Who knows it knows which examples were in which step; the privacy that is stated is for all others. */
  readonly noiseSeed: SecretKey;
  /** Expected in a step. It does not depend on which examples are there: the sum of a step is divided by it. */
  readonly expectedLot: number;
}

/**
 * Poisson sampling: each example is in each step with the same probability, whatever the others are. The accountant's
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
