import { derivedSeed } from '../core/random.ts';
import { batchIndices } from '../data/views.ts';

/** What determines the order of a run's examples. */
export interface OrderOptions {
  readonly size: number;
  readonly batchSize: number;
  readonly seed: number;
  /**
   * All batches have one size, at most `batchSize`, and the first examples of an epoch fill its last batch. A step of another
   * size cannot be replayed and takes as long as ten that can. Default false: the last batch is smaller.
   */
  readonly areBatchesEven?: boolean;
  /** The examples that an epoch takes, in order, instead of each once. */
  readonly order?: Int32Array;
}

/** The batches of an epoch (counted from 1), in training order. */
export function epochBatches(options: OrderOptions, epoch: number): Int32Array[] {
  const { size, seed, order, areBatchesEven = false } = options;
  const batchSize = evenBatchSize(options);
  if (order !== undefined) return batchIndices(order.length, batchSize).map((at) => at.map((i) => order[i] as number));
  const batches = batchIndices(size, batchSize, derivedSeed(seed, `epoch/${epoch}`));
  const last = batches.at(-1);
  if (!areBatchesEven || last === undefined || last.length === batchSize) return batches;
  const first = (batches[0] as Int32Array).subarray(0, batchSize - last.length);
  return [...batches.slice(0, -1), Int32Array.of(...last, ...first)];
}

/** As many batches as `batchSize` asks for, of about one size. */
export function evenBatchSize({ size, batchSize, areBatchesEven = false }: Omit<OrderOptions, 'seed'>): number {
  return areBatchesEven ? Math.ceil(size / Math.ceil(size / batchSize)) : batchSize;
}

/** How many epochs begin, and the steps of all of them. */
export function lengthOf({ mostSteps = Number.POSITIVE_INFINITY, epochs, ...options }: LengthOptions) {
  const perEpoch = Math.ceil((options.order?.length ?? options.size) / evenBatchSize(options));
  const steps = Math.min(epochs * perEpoch, mostSteps);
  return { perEpoch, steps, epochs: perEpoch === 0 ? epochs : Math.ceil(steps / perEpoch) };
}

export interface LengthOptions extends OrderOptions {
  readonly epochs: number;
  /** The run ends after this many steps, even within an epoch. Default: after the last epoch. */
  readonly mostSteps?: number;
}
