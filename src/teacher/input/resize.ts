import type { NumericArray } from '../../core/shape.ts';

/** How a pixel between others is computed. */
export type ResizeFilter = 'bilinear' | 'bicubic';

/** For each line of the target: the source lines that it is a weighted sum of, a run of `width` from its start on. */
export interface Taps {
  readonly width: number;
  readonly starts: Int32Array;
  /** [lines, width] */
  readonly weights: Float64Array;
}

/** Which lines of the resized image are wanted; all by default. */
export interface Lines {
  readonly first: number;
  readonly count: number;
}

/**
 * The weights that resize a row or a column, with half-pixel centres; lines beyond the edge repeat it. With `isSmoothed`
 * a filter that makes images smaller is widened by the same factor, so that no source line is left out.
 * Source    PyTorch's F.interpolate(align_corners=False) without, Pillow's Image.resize with smoothing; cubic of
 *           Keys 1981 with a = −0.75 without and −0.5 with smoothing, as these two have it
 */
export function resizeTaps(
  from: number,
  to: number,
  filter: ResizeFilter,
  isSmoothed: boolean,
  { first, count }: Lines = { first: 0, count: to },
): Taps {
  const scale = from / to;
  const widening = isSmoothed ? Math.max(scale, 1) : 1;
  const radius = (filter === 'bilinear' ? 1 : 2) * widening;
  const sharpness = isSmoothed ? -0.5 : -0.75;
  const width = from === to ? 1 : Math.min(Math.ceil(radius) * 2, from);
  const starts = new Int32Array(count);
  const weights = new Float64Array(count * width);
  for (let i = 0; i < count; i++) {
    const centre = (first + i + 0.5) * scale - 0.5;
    // Pillow cuts its filter off at the edge; PyTorch's unsmoothed ones repeat the edge.
    const low = from === to ? centre : Math.floor(centre - radius) + 1;
    const high = from === to ? centre : Math.ceil(centre + radius) - 1;
    const start = Math.min(Math.max(low, 0), from - width);
    starts[i] = start;
    let sum = 0;
    for (let at = low; at <= high; at++) {
      if (isSmoothed && (at < 0 || at >= from)) continue;
      const distance = Math.abs(at - centre) / widening;
      const weight = filter === 'bilinear' ? Math.max(1 - distance, 0) : cubic(distance, sharpness);
      const index = i * width + Math.min(Math.max(at, 0), from - 1) - start;
      weights[index] = (weights[index] as number) + weight;
      sum += weight;
    }
    for (let k = i * width; k < (i + 1) * width; k++) weights[k] = (weights[k] as number) / sum;
  }
  return { width, starts, weights };
}

/** Keys' piecewise cubic of a distance ≥ 0. */
function cubic(distance: number, a: number): number {
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  if (distance < 2) return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a;
  return 0;
}

/** Space that the images of one batch are resized in, one after the other. */
export interface ResizeBuffers {
  /** Source rows that were resized across, [H, columns, C]. */
  readonly across: Float32Array;
  /** One finished row, [columns, C]. */
  readonly row: Float64Array;
}

export function makeResizeBuffers(inHeight: number, columns: Taps, channels: number): ResizeBuffers {
  const width = columns.starts.length * channels;
  return { across: new Float32Array(inHeight * width), row: new Float64Array(width) };
}

/** Resizes each row [inWidth, channels] of an image that starts at `from` in `data`: the first of two passes. */
export function resizeAcross(
  data: NumericArray,
  from: number,
  inHeight: number,
  inWidth: number,
  channels: number,
  { width, starts, weights }: Taps,
  across: Float32Array,
): void {
  let at = 0;
  for (let y = 0; y < inHeight; y++) {
    const row = from + y * inWidth * channels;
    for (let x = 0; x < starts.length; x++) {
      const first = row + (starts[x] as number) * channels;
      const tap = x * width;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < width; k++)
          sum += (data[first + k * channels + c] as number) * (weights[tap + k] as number);
        across[at++] = sum;
      }
    }
  }
}

/** Row `y` of the resized image: the second pass. */
export function resizeDown(y: number, { width, starts, weights }: Taps, { across, row }: ResizeBuffers): void {
  row.fill(0);
  const length = row.length;
  const first = starts[y] as number;
  for (let k = 0; k < width; k++) {
    const weight = weights[y * width + k] as number;
    if (weight === 0) continue;
    const from = (first + k) * length;
    for (let i = 0; i < length; i++) row[i] = (row[i] as number) + weight * (across[from + i] as number);
  }
}
