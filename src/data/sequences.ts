import { LimbeckError } from '../core/errors.ts';
import { count, finite, type OptionsOf, oneOf, schema } from '../core/schema.ts';
import { formatShape, type NdArray, sizeOf } from '../core/shape.ts';
import { type Dataset, DEFAULT_INPUT, type LabelledDataset } from './dataset.ts';
import { makeDataset } from './makeDataset.ts';

const OPTIONS = schema('fromSequences', {
  /** Steps of every example: longer sequences are cut, shorter ones padded. Default: those of the longest. */
  length: count()(),
  /** What fills the steps that a sequence lacks. Default 0. */
  padding: finite(0),
  /** Where it stands: after the sequence, or before it. Default 'end'. */
  side: oneOf('end', 'start')('end'),
  /** Whether to give an input "mask" [T] too, 1 at steps and 0 at padding. Default 'no'. */
  mask: oneOf('no', 'yes')('no'),
});

/** What every sequence becomes. */
export interface SequencesOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A dataset from sequences of different lengths, such as gestures, sensor readings or features of sounds. All examples have one length, so
 * that steps are replayed; keep it near the usual one. tfjs's Masking layer skips the padding.
 * Shapes    N sequences [Tᵢ, F] → input [N, T, F] and, if asked for, mask [N, T]
 * Units     float32, as given
 * Throws    shape-mismatch: sequences of other features than the first · empty-dataset
 *
 * @example
 * const short = { data: Float32Array.of(1, 2), shape: [1, 2] };
 * const long = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] };
 * const data = fromSequences([short, long], { mask: 'yes' }, [0, 1]);
 */
export function fromSequences(sequences: readonly NdArray[], options?: SequencesOptions): Dataset;
export function fromSequences(
  sequences: readonly NdArray[],
  options: SequencesOptions,
  labels: ArrayLike<number>,
): LabelledDataset;
export function fromSequences(
  sequences: readonly NdArray[],
  options: SequencesOptions = {},
  labels?: ArrayLike<number>,
): Dataset {
  const { length: wanted, padding, side, mask } = OPTIONS.read(options);
  const [first] = sequences;
  if (first === undefined) {
    throw new LimbeckError('empty-dataset', 'There is no sequence. Give at least one.', {
      details: { role: 'sequences' },
    });
  }
  const features = first.shape.slice(1);
  for (const [i, { data, shape }] of sequences.entries()) {
    const isLike = shape.length === first.shape.length && String(shape.slice(1)) === String(features);
    if (isLike && data.length === sizeOf(shape)) continue;
    throw new LimbeckError(
      'shape-mismatch',
      `Sequence ${i} is ${formatShape(shape)} with ${data.length} numbers; all must be [steps${features.map((size) => `, ${size}`).join('')}].`,
      { details: { index: i, shape } },
    );
  }
  const length = wanted ?? Math.max(1, ...sequences.map(({ shape }) => shape[0] ?? 0));
  const step = sizeOf(features);
  const readInputs = async (indices: Int32Array) => {
    const data = new Float32Array(indices.length * length * step).fill(padding);
    const masks = new Float32Array(indices.length * length);
    for (const [i, index] of indices.entries()) {
      const { data: own, shape } = sequences[index] as NdArray;
      const steps = Math.min(shape[0] ?? 0, length);
      const at = i * length + (side === 'end' ? 0 : length - steps);
      data.set(own.subarray(0, steps * step), at * step);
      masks.fill(1, at, at + steps);
    }
    const input = { data, shape: [indices.length, length, ...features] };
    return {
      [DEFAULT_INPUT]: input,
      ...(mask === 'yes' && { mask: { data: masks, shape: [indices.length, length] } }),
    };
  };
  const inputs = {
    [DEFAULT_INPUT]: { shape: [length, ...features], dtype: 'float32' as const },
    ...(mask === 'yes' && { mask: { shape: [length], dtype: 'float32' as const } }),
  };
  return makeDataset({ size: sequences.length, noun: 'sequences', inputs, readInputs }, labels);
}
