import { LimbeckError } from '../core/errors.ts';
import { type Dataset, type LabelledDataset, UNLABELLED } from './dataset.ts';
import { givesFresh } from './fresh.ts';

/**
 * The same examples, each with a sequence of classes, such as the characters of its text, for `ctc` and the metric
 * `characterErrorRate`. Make them of texts with `encodeTexts`; an empty one says that nothing stands there.
 * Shapes    one sequence for each example, of any length
 * Throws    shape-mismatch: not one sequence for each example · class-mismatch: a number that is no class
 *
 * @example
 * const read = withSequences(take(data, 2), [[3, 1, 4], [1, 5]]);
 */
export function withSequences<D extends Dataset | LabelledDataset>(
  dataset: D,
  sequences: readonly ArrayLike<number>[],
): D {
  if (sequences.length !== dataset.size) {
    throw new LimbeckError(
      'shape-mismatch',
      `There are ${dataset.size} examples and ${sequences.length} sequences; give one to each, an empty one where ` +
        'nothing stands.',
      { details: { examples: dataset.size, sequences: sequences.length } },
    );
  }
  const length = sequences.reduce((most, sequence) => Math.max(most, sequence.length), 1);
  const all = new Int32Array(sequences.length * length).fill(UNLABELLED);
  for (const [example, sequence] of sequences.entries()) {
    const wrong = Array.from(sequence).find((value) => !(value >= 0 && value === (value | 0)));
    if (wrong !== undefined) {
      throw new LimbeckError(
        'class-mismatch',
        `The sequence of example ${example} holds ${wrong}; classes are whole numbers from 0 on.`,
        { details: { example, value: wrong } },
      );
    }
    all.set(Array.from(sequence), example * length);
  }
  const read = async (indices: Int32Array, signal?: AbortSignal) => {
    const chosen = new Int32Array(indices.length * length);
    for (const [i, index] of indices.entries())
      chosen.set(all.subarray(index * length, (index + 1) * length), i * length);
    return { ...(await dataset.read(indices, signal)), sequences: chosen };
  };
  return { ...dataset, read: givesFresh(read, dataset) };
}
