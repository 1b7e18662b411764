import { uniformNumbers } from '../../train/adapting/normalNumbers.ts';

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
  readonly noiseSeed: readonly number[];
}

/** So that lots and noise do not walk the same numbers. */
const LOTS = 0x6c6f7473;

/**
 * Poisson sampling: each example is in each step with the same probability, whatever the others are. The accountant's
 * figures hold for this, and not for a shuffled order.
 * Source    Abadi et al. 2016, §3.1, arXiv:1607.00133
 */
export function drawLots(size: number, { sampleFraction, steps, noiseSeed }: LotsOptions): Lots {
  const uniform = uniformNumbers(noiseSeed.map((word) => word ^ LOTS));
  const order: number[] = [];
  const lots: number[] = [];
  for (let step = 0; step < steps; step++) {
    const before = order.length;
    for (let i = 0; i < size; i++) if (uniform() < sampleFraction) order.push(i);
    lots.push(order.length - before);
  }
  return { order: Int32Array.from(order), counts: { lots, expectedLot: Math.max(1, sampleFraction * size) } };
}
