import { LimbeckError } from '../core/errors.ts';
import type { Dataset, LabelledDataset } from './dataset.ts';
import { givesFresh } from './fresh.ts';

/**
 * The same examples, each with a weight, for the losses that read it: `exampleWeighted` of the kind 'given', and
 * `informationMaximization` with `exampleWeights: true`.
 * Throws    shape-mismatch: not one weight for each example · invalid-option: a weight that is not a number of 0 or more
 *
 * @example
 * const doubted = withExampleWeights(take(data, 2), [1, 0.2]);
 */
export function withExampleWeights<D extends Dataset | LabelledDataset>(dataset: D, weights: ArrayLike<number>): D {
  if (weights.length !== dataset.size) {
    throw new LimbeckError(
      'shape-mismatch',
      `There are ${dataset.size} examples and ${weights.length} weights; give one to each.`,
      { details: { examples: dataset.size, weights: weights.length } },
    );
  }
  const wrong = Array.from(weights).findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (wrong >= 0) {
    throw new LimbeckError(
      'invalid-option',
      `The weight of example ${wrong} was ${weights[wrong]}; it must be a number of 0 or more.`,
      { details: { example: wrong } },
    );
  }
  const read = async (indices: Int32Array, signal?: AbortSignal) => ({
    ...(await dataset.read(indices, signal)),
    exampleWeights: Float32Array.from(indices, (i) => weights[i] as number),
  });
  return { ...dataset, read: givesFresh(read, dataset) };
}
