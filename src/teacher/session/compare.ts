import { percent } from '../../core/figures.ts';
import { formatShape, isSameShape, type NamedArrays, type NdArray } from '../../core/shape.ts';
import { compareArrays } from '../../model/compareArrays.ts';

/** How close a device's answers must be. */
export interface Tolerance {
  /** The most that an output may differ, as a share of the range of its values. */
  readonly share: number;
  /** A range smaller than this counts as this. */
  readonly leastRange: number;
}

/** GPUs compute with fewer digits, and in another order. */
const DEFAULT_TOLERANCE: Tolerance = { share: 1e-2, leastRange: 1e-6 };
/** Fewer values than this say little about the range of an output. */
const LEAST_VALUES = 8;

/**
 * Compares a device's answer with that of a trusted device for the same batch. Undefined if they agree; otherwise a clause that
 * says how they differ. NaN counts as a difference unless both give it.
 * Units     the difference as a share of the range of the trusted values
 */
export function differenceOf(
  reference: NamedArrays,
  given: NamedArrays,
  { share, leastRange }: Tolerance = DEFAULT_TOLERANCE,
  trusted = 'wasm',
): string | undefined {
  for (const [name, expected] of Object.entries(reference)) {
    const array = given[name];
    if (array === undefined) return `it gave no output "${name}"`;
    if (!isSameShape(array.shape, expected.shape)) {
      return `it gave "${name}" as ${formatShape(array.shape)} where ${trusted} gives ${formatShape(expected.shape)}`;
    }
    const difference = relativeDifference(expected, array, leastRange);
    if (Number.isNaN(difference)) return `it gave values in "${name}" that are no numbers`;
    if (difference > share) {
      return `its "${name}" differs from ${trusted}'s by ${percent(difference)} of its range`;
    }
  }
  return undefined;
}

/** The largest difference of any output, as a share of its range; NaN where shapes differ or a value is finite in one only. */
export function largestDifference(
  reference: NamedArrays,
  given: NamedArrays,
  { leastRange }: Tolerance = DEFAULT_TOLERANCE,
): number {
  const each = Object.entries(reference).map(([name, expected]) => {
    const array = given[name];
    const isLike = array !== undefined && isSameShape(array.shape, expected.shape);
    return isLike ? relativeDifference(expected, array, leastRange) : Number.NaN;
  });
  return Math.max(0, ...each);
}

/** NaN if a value is finite in one of the two only. */
function relativeDifference(expected: NdArray, given: NdArray, leastRange: number): number {
  const { largest, least, most } = compareArrays(expected, given);
  if (largest === 0 || Number.isNaN(largest)) return largest;
  const magnitude = Math.max(Math.abs(least), Math.abs(most));
  const floor = expected.data.length < LEAST_VALUES ? magnitude : magnitude / 100;
  return largest / Math.max(most - least, floor, leastRange);
}
