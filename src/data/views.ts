import { checkCount, checkFraction } from '../core/options.ts';
import { permutation, seededRandom } from '../core/random.ts';
import type { Dataset, LabelledDataset } from './dataset.ts';
import { holdDecoded } from './decoded.ts';
import { givesFresh } from './fresh.ts';

/** The examples at these indices, in this order; nothing is copied. */
export function pick<D extends Dataset | LabelledDataset>(dataset: D, indices: Int32Array): D {
  const read = (wanted: Int32Array, signal?: AbortSignal) =>
    dataset.read(
      Int32Array.from(wanted, (i) => indices[i] as number),
      signal,
    );
  return { ...dataset, size: indices.length, read: givesFresh(read, dataset) };
}

/** The first `count` examples, or all if there are fewer. */
export function take<D extends Dataset | LabelledDataset>(dataset: D, count: number): D {
  checkCount(count, 'count', 0);
  return pick(
    dataset,
    Int32Array.from({ length: Math.min(count, dataset.size) }, (_, i) => i),
  );
}

/** The examples in a random order set by the seed. */
export function shuffle<D extends Dataset | LabelledDataset>(dataset: D, seed: number): D {
  return pick(dataset, permutation(dataset.size, seededRandom(seed)));
}

/**
 * Splits a dataset in two. The first part holds `fraction` of the examples, chosen by the seed.
 * Throws    invalid-option: fraction outside [0, 1]
 */
export function split<D extends Dataset | LabelledDataset>(dataset: D, fraction: number, seed: number): [D, D] {
  checkFraction(fraction, 'fraction');
  const order = permutation(dataset.size, seededRandom(seed));
  const cut = Math.round(dataset.size * fraction);
  return [pick(dataset, order.slice(0, cut)), pick(dataset, order.slice(cut))];
}

/** The same examples without their labels and sequences. */
export function withoutLabels(dataset: Dataset): Dataset {
  const read = async (indices: Int32Array, signal?: AbortSignal) => {
    const { inputs, exampleWeights } = await dataset.read(indices, signal);
    return { inputs, ...(exampleWeights && { exampleWeights }) };
  };
  const { size, inputs } = dataset;
  return { size, inputs, hasLabels: false, read: givesFresh(read, dataset), holdDecoded: () => holdDecoded(dataset) };
}

/** The indices of the examples in batches, in order or shuffled by a seed. The last batch may be smaller. */
export function batchIndices(size: number, batchSize: number, seed?: number): Int32Array[] {
  checkCount(batchSize, 'batchSize');
  const order = orderOf(size, seed);
  const batches: Int32Array[] = [];
  for (let from = 0; from < size; from += batchSize) batches.push(order.slice(from, from + batchSize));
  return batches;
}

function orderOf(size: number, seed: number | undefined): Int32Array {
  return seed === undefined ? Int32Array.from({ length: size }, (_, i) => i) : permutation(size, seededRandom(seed));
}

/**
 * Reads a dataset batch by batch, the next one while the current one is used. A batch size that may change is asked for
 * before each batch.
 */
export async function* batches<D extends Dataset>(
  dataset: D,
  batchSize: number | (() => number),
  options: { seed?: number; signal?: AbortSignal } = {},
): AsyncGenerator<{ indices: Int32Array; examples: Awaited<ReturnType<D['read']>> }, void, void> {
  type Read = Awaited<ReturnType<D['read']>>;
  const order = orderOf(dataset.size, options.seed);
  let at = 0;
  const start = () => {
    const size = checkCount(typeof batchSize === 'number' ? batchSize : batchSize(), 'batchSize');
    const indices = order.slice(at, at + size);
    at += indices.length;
    if (indices.length === 0) return undefined;
    const reading = dataset.read(indices, options.signal) as Promise<Read>;
    reading.catch(() => undefined);
    return { indices, reading };
  };
  for (let next = start(); next !== undefined; ) {
    const { indices, reading } = next;
    const examples = await reading;
    next = start();
    yield { indices, examples };
  }
}
