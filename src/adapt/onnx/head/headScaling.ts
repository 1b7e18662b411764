// Features as a head learns from them: around 0, of one size, in rows with a length of about 1.
import type { NdArray } from '../../../core/shape.ts';

/** How each feature is shifted and scaled. */
export interface Scaling {
  readonly mean: Float64Array;
  /** What a feature is multiplied by after its mean is taken away. */
  readonly scale: Float64Array;
}

/** A feature that hardly varies is not blown up: its deviation counts as at least this fraction of the typical one. */
const FLOOR = 1e-2;
/** Few examples tell little about a deviation: the typical one counts as so many more examples. */
const PRIOR_EXAMPLES = 10;

/** Of features [N, F]. */
export function scalingOf({ data, shape }: NdArray): Scaling {
  const [count = 0, width = 0] = shape;
  const mean = new Float64Array(width);
  const variance = new Float64Array(width);
  for (let i = 0; i < data.length; i++) mean[i % width] = (mean[i % width] as number) + (data[i] as number) / count;
  for (let i = 0; i < data.length; i++) {
    const f = i % width;
    variance[f] = (variance[f] as number) + ((data[i] as number) - (mean[f] as number)) ** 2 / count;
  }
  const typical = Math.sqrt(variance.reduce((sum, one) => sum + one, 0) / width) || 1;
  const known = count / (count + PRIOR_EXAMPLES);
  const scale = variance.map((one) => {
    const own = Math.max(Math.sqrt(one), FLOOR * typical);
    // A mean of logarithms: features of very different units stay apart.
    return 1 / (own ** known * typical ** (1 - known) * Math.sqrt(width));
  });
  return { mean, scale };
}

export function scaledRows({ data, shape }: NdArray, { mean, scale }: Scaling): NdArray {
  const width = shape[1] as number;
  const rows = new Float32Array(data.length);
  for (let i = 0; i < rows.length; i++) {
    const f = i % width;
    rows[i] = ((data[i] as number) - (mean[f] as number)) * (scale[f] as number);
  }
  return { data: rows, shape };
}
