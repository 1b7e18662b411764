import type { NumericArray } from '../../core/shape.ts';

/** Values counted in bins of one width, symmetric about 0. It grows for values outside. */
export interface Histogram {
  counts: Float64Array;
  /** Half of what the bins cover. */
  reach: number;
  least: number;
  most: number;
}

/** The kept range of an activation's values; the rest is clamped. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

const BINS = 2048;
const QUANTIZED_BINS = 128;
/** A tensor whose values grow ten thousandfold after the first batch is no longer resolved in detail. */
const MOST_BINS = 1 << 20;

export function makeHistogram(): Histogram {
  return { counts: new Float64Array(BINS), reach: 0, least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY };
}

/** Counts the values of one more batch; those that are not finite are left out. */
export function countValues(histogram: Histogram, values: NumericArray): void {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least > most) return;
  histogram.least = Math.min(histogram.least, least);
  histogram.most = Math.max(histogram.most, most);
  grow(histogram, Math.max(Math.abs(least), Math.abs(most)));
  const { counts, reach } = histogram;
  const [bins, perUnit] = [counts.length, reach === 0 ? 0 : counts.length / (2 * reach)];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(bins - 1, Math.floor((value + reach) * perUnit));
    counts[bin] = (counts[bin] as number) + 1;
  }
}

/** Adds bins of the same width at both ends; if only 0 was seen, the bins become wide enough. */
function grow(histogram: Histogram, needed: number): void {
  const { counts, reach } = histogram;
  if (needed <= reach) return;
  if (reach === 0) {
    const zeros = counts[0] as number;
    counts[0] = 0;
    counts[counts.length / 2] = zeros;
    histogram.reach = needed;
    return;
  }
  const width = (2 * reach) / counts.length;
  const more = Math.floor((needed - reach) / width) + 1;
  if (counts.length + 2 * more > MOST_BINS) {
    widen(histogram, needed);
    return;
  }
  const grown = new Float64Array(counts.length + 2 * more);
  grown.set(counts, more);
  histogram.counts = grown;
  histogram.reach = reach + more * width;
}

/** The same number of bins, each wider by the needed factor. */
function widen(histogram: Histogram, needed: number): void {
  const { counts, reach } = histogram;
  const factor = Math.ceil(needed / reach);
  const merged = new Float64Array(counts.length);
  const half = counts.length / 2;
  for (let bin = 0; bin < counts.length; bin++) {
    const at = half + Math.floor((bin - half) / factor);
    merged[at] = (merged[at] as number) + (counts[bin] as number);
  }
  histogram.counts = merged;
  histogram.reach = reach * factor;
}

/**
 * The range that holds a percentage of all values, with equally many cut off above and below.
 * Source    onnxruntime.quantization.calibrate, compute_percentile without symmetry
 */
export function percentileRange(histogram: Histogram, percentile: number): Range {
  const { counts } = histogram;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const cut = (100 - percentile) / 200;
  let [sum, left, right] = [0, -1, counts.length - 1];
  for (let bin = 0; bin < counts.length; bin++) {
    sum += (counts[bin] as number) / total;
    if (left < 0 && sum >= cut) left = bin;
    if (sum < 1 - cut) continue;
    right = bin;
    break;
  }
  return withinSeen(
    histogram,
    edge(histogram, Math.max(left, 0)),
    edge(histogram, percentile === 100 ? right + 1 : right),
  );
}

/**
 * The range for which the quantized values differ least from the original ones (Kullback-Leibler divergence).
 * Source    Migacz 2017, 8-bit inference with TensorRT; onnxruntime.quantization.calibrate, get_entropy_threshold
 */
export function entropyRange(histogram: Histogram, quantizedBins = QUANTIZED_BINS): Range {
  const { counts } = histogram;
  const [bins, middle] = [counts.length, counts.length / 2];
  const before = new Float64Array(bins + 1);
  for (let bin = 0; bin < bins; bin++) before[bin + 1] = (before[bin] as number) + (counts[bin] as number);
  let best = Number.POSITIVE_INFINITY;
  let range: Range = { least: histogram.least, most: histogram.most };
  // A histogram that grew a lot has many more bins than are needed.
  const step = Math.max(1, Math.floor(bins / (2 * BINS)));
  for (let half = quantizedBins / 2; half <= middle; half += step) {
    const [start, end] = [middle - half, Math.min(middle + half + 1, bins)];
    const outside = [before[start] as number, (before[bins] as number) - (before[end] as number)] as const;
    const loss = divergence(counts.subarray(start, end), outside, quantizedBins);
    if (loss >= best) continue;
    best = loss;
    range = withinSeen(histogram, edge(histogram, start), edge(histogram, end));
  }
  return range;
}

function edge({ counts, reach }: Histogram, bin: number): number {
  return -reach + (bin * 2 * reach) / counts.length;
}

function withinSeen({ least, most }: Histogram, low: number, high: number): Range {
  return { least: Math.max(low, least), most: Math.min(high, most) };
}

/** From the values clamped into a range to their quantized form. */
function divergence(counts: Float64Array, outside: readonly [number, number], quantizedBins: number): number {
  const size = counts.length;
  const kept = counts.slice();
  kept[0] = (kept[0] as number) + outside[0];
  kept[size - 1] = (kept[size - 1] as number) + outside[1];
  const merged = Math.floor(size / quantizedBins);
  const coarse = new Float64Array(size);
  for (let step = 0; step < quantizedBins; step++) {
    const from = step * merged;
    let [sum, filled] = [0, 0];
    for (let bin = from; bin < from + merged; bin++) {
      sum += counts[bin] as number;
      if (kept[bin] !== 0) filled++;
    }
    if (step === quantizedBins - 1) for (let bin = from + merged; bin < size; bin++) sum += counts[bin] as number;
    if (filled > 0) coarse.fill(Math.trunc(sum / filled), from, from + merged);
  }
  if (!smooth(kept) || !smooth(coarse)) return Number.POSITIVE_INFINITY;
  const [keptSum, coarseSum] = [total(kept), total(coarse)];
  let loss = 0;
  for (let bin = 0; bin < size; bin++) {
    const share = (kept[bin] as number) / keptSum;
    if (share > 0) loss += share * Math.log(share / ((coarse[bin] as number) / coarseSum));
  }
  return loss;
}

/** Moves a little from filled bins to empty ones. */
function smooth(counts: Float64Array): boolean {
  const little = 1e-4;
  let filled = 0;
  for (const count of counts) if (count !== 0) filled++;
  if (filled === 0) return false;
  const taken = (little * (counts.length - filled)) / filled;
  if (taken >= 1) return false;
  for (let bin = 0; bin < counts.length; bin++) {
    counts[bin] = counts[bin] === 0 ? little : (counts[bin] as number) - taken;
  }
  return true;
}

function total(counts: Float64Array): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
