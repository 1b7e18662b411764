import { derivedSeed } from '../core/random.ts';
import { batchIndices } from '../data/views.ts';

/** What decides the order of a run's examples. */
export interface OrderOptions {
  readonly size: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** The batches of an epoch (counted from 1), in the order in which they are learned. */
export function epochBatches({ size, batchSize, seed }: OrderOptions, epoch: number): Int32Array[] {
  return batchIndices(size, batchSize, derivedSeed(seed, `epoch/${epoch}`));
}
