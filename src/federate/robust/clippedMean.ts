import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { median } from '../../core/stats.ts';
import { type Combine, meanOf } from '../combine.ts';
import { squaredDistance } from '../distance.ts';

const OPTIONS = schema('clippedMean', {
  /** How far a part may be from what the round began with, as a Euclidean norm. Default: the median of the parts' distances. */
  clipNorm: positive(),
});

/** How far a client may go. */
export interface ClippedMeanOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Mean by weights of parts that are brought back to a distance from what the round began with, so that no client counts for more
 * by scaling its change. Against changes of ordinary length, such as flipped signs, it helps little.
 * Shapes    parts of the same names and shapes → one of them
 * Units     those of the parts
 * Throws    invalid-option: `clipNorm` is no number above 0
 * Source    Sun et al. 2019, "Can You Really Backdoor Federated Learning?", §4, arXiv:1911.07963 (norm thresholding)
 * Differs   the threshold may be the median of the norms of the round
 */
export function clippedMean(options: ClippedMeanOptions = {}): Combine {
  const { clipNorm } = OPTIONS.read(options);
  return {
    name: 'clippedMean',
    combine(parts, before) {
      const limit = clipNorm ?? median(parts.map(({ values }) => Math.sqrt(squaredDistance(values, before))));
      const clipped = parts.map((part) => ({ ...part, values: clip(part.values, before, limit) }));
      return { values: meanOf(clipped), rejected: [] };
    },
  };
}

/** Values whose Euclidean distance from `before` is at most `most`, but for rounding: themselves, or between both. */
export function clip(values: NamedArrays, before: NamedArrays, most: number): NamedArrays {
  const distance = Math.sqrt(squaredDistance(values, before));
  if (distance <= most) return values;
  const share = most / distance;
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape }]) => {
      const from = before[name]?.data ?? [];
      const moved = Float32Array.from(data, (value, i) => (from[i] as number) + share * (value - (from[i] as number)));
      return [name, { data: moved, shape }];
    }),
  );
}
