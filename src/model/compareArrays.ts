import type { NdArray } from '../core/shape.ts';

/** How much two arrays of the same length differ. */
export interface Difference {
  /** The largest difference of two values; NaN where a value is finite in one of the two only. */
  readonly largest: number;
  /** The least and the most of the expected values that are finite. */
  readonly least: number;
  readonly most: number;
}

/** Compares what an engine gave with what a trusted one gave for the same batch. NaN in both is no difference. */
export function compareArrays({ data: expected }: NdArray, { data: given }: NdArray): Difference {
  let [largest, least, most] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [expected[i] as number, given[i] as number];
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      if (Object.is(a, b)) continue;
      return { largest: Number.NaN, least, most };
    }
    if (a < least) least = a;
    if (a > most) most = a;
    const difference = Math.abs(a - b);
    if (difference > largest) largest = difference;
  }
  return { largest, least, most };
}
