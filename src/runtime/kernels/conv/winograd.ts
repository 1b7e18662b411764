// Convolutions of 3 × 3 taps by Winograd's algorithm, where it pays. See wasm/winograd.
import type { KernelContext } from '../kernel.ts';
import { type Curve, curveWords, GEMM_ACTIVATIONS, type GemmActivation } from '../matmul/gemm.ts';
import type { ConvInfo } from './bands.ts';

/** Outputs of a tile along one axis, and pairs of points at which it is evaluated. */
const TILE = 4;
const SQUARE = 36;
/** Columns of a panel of the filter, and bytes between two points of it. */
const PANEL = 8;
const GAP_BYTES = 64;

const LEAST_CHANNELS = 8;
const MOST_CHANNELS = 256;
/** An image alone must pay for the filter's transform, which takes about as long as so many tiles. */
const FILTER_TILES = 2;
const LEAST_TILES = 4;
/** Pixels that pay for a tile's 36 products and its transforms: tiles that reach over the edge of an image compute in vain. */
const PIXELS_PER_TILE = 7.5;
/** Pixels of a tile that must lie in the image on average in a filter's gradient: with fewer it would err four times as much. */
const LEAST_FILLED = 11;
/** Weights that a tile of an image pays for, and a tile of a whole batch where the filter's gradient is transformed. */
const WEIGHTS_PER_TILE = 4096;
const GRADIENTS_PER_TILE = 1024;
/** With fewer, the filter's gradient is a short sum, whose error would grow by more than four times. */
const LEAST_SUMMED_TILES = 32;

/** Chunks of a filter's gradient: as many as threads may want, of so many tiles that their sums are worth a partial result. */
const MOST_CHUNKS = 16;
const CHUNK_TILES = 64;
/** Of partial results, for one of two threads: large filters have fewer of them. */
const MOST_HALF_BYTES = 16 * 2 ** 20;

/** A convolution of stride 1: images [images, height, width, channels] in, windows that begin `top` and `left` before the image. */
interface Slide {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly top: number;
  readonly left: number;
}

export function slideOf(info: ConvInfo): Slide {
  return {
    images: info.batchSize,
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    outChannels: info.outChannels,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
}

/** The gradient of the input: a convolution of the output's gradient, whose windows reach as far over as the others fell short. */
export function slideBack(info: ConvInfo): Slide {
  return {
    images: info.batchSize,
    height: info.outHeight,
    width: info.outWidth,
    channels: info.outChannels,
    outHeight: info.inHeight,
    outWidth: info.inWidth,
    outChannels: info.inChannels,
    top: 2 - info.padInfo.top,
    left: 2 - info.padInfo.left,
  };
}

const tilesOf = ({ outHeight, outWidth }: Slide) => Math.ceil(outHeight / TILE) * Math.ceil(outWidth / TILE);

function isSlide(info: ConvInfo): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  return (
    filterHeight === 3 &&
    filterWidth === 3 &&
    [strideHeight, strideWidth, dilationHeight, dilationWidth].every((step) => step === 1)
  );
}

const isIn = (channels: number, unit: number) =>
  channels % unit === 0 && channels >= LEAST_CHANNELS && channels <= MOST_CHANNELS;

const pixelsOf = ({ outHeight, outWidth }: Slide) => outHeight * outWidth;

/**
 * Whether the convolution is faster this way, by a table of measured shapes (wasm/winograd/NOTES.md). The size of the batch does
 * not count: an image's answer has the same bits in any.
 */
export function isWinograd(info: ConvInfo, slide: Slide): boolean {
  const { channels, outChannels, top, left } = slide;
  const tiles = tilesOf(slide);
  return (
    isSlide(info) &&
    isIn(channels, 4) &&
    isIn(outChannels, 4) &&
    top >= 0 &&
    left >= 0 &&
    tiles >= LEAST_TILES &&
    pixelsOf(slide) >= PIXELS_PER_TILE * (tiles + FILTER_TILES) &&
    channels * outChannels <= WEIGHTS_PER_TILE * tiles
  );
}

/** The same for the gradient of the filter, a sum over all tiles of the batch. */
export function isWinogradBackFilter(info: ConvInfo): boolean {
  const slide = slideOf(info);
  const { images, channels, outChannels } = slide;
  const tiles = images * tilesOf(slide);
  return (
    isSlide(info) &&
    isIn(channels, 4) &&
    isIn(outChannels, PANEL) &&
    tiles >= LEAST_SUMMED_TILES &&
    pixelsOf(slide) >= LEAST_FILLED * tilesOf(slide) &&
    channels * outChannels <= GRADIENTS_PER_TILE * tiles
  );
}

/** Addresses of images, filter [3, 3, in, out] and result, and what ends the convolution. */
interface Operands {
  readonly x: number;
  readonly filter: number;
  readonly out: number;
  /** Whether the filter is that of the convolution whose input gradient this is: [3, 3, out, in], and turned. */
  readonly isTurned?: boolean;
  readonly bias?: number;
  readonly activation?: GemmActivation;
  readonly curve?: Curve | undefined;
}

/**
 * y = act(x * filter + bias).
 * Numerics  The root mean square of the errors is 2 to 4 times that of the direct form, whose tests compare both with float64.
 */
export function slideWinograd({ pool }: KernelContext, slide: Slide, operands: Operands): void {
  const { images, channels, outChannels, outHeight, outWidth } = slide;
  const { x, filter, out, isTurned = false, bias = 0, activation = 'linear', curve } = operands;
  const panelBytes = SQUARE * (4 * PANEL * channels + GAP_BYTES);
  const transformed = pool.scratch(Math.ceil(outChannels / PANEL) * panelBytes);
  pool.run(
    'winogradFilter',
    [filter, transformed, channels, outChannels, isTurned ? 1 : 0],
    SQUARE * channels * outChannels,
  );
  pool.run(
    'winogradForward',
    [
      ...[x, transformed, out, bias, GEMM_ACTIVATIONS[activation]],
      ...[images, slide.height, slide.width, channels, outHeight, outWidth, outChannels, slide.top, slide.left],
      ...curveWords(curve),
    ],
    images * tilesOf(slide) * SQUARE * channels * outChannels,
  );
}

/**
 * dFilter = Σ x[pixel + tap] · dy[pixel], at the points of the tiles, and back from there once.
 * Numerics  As `slideWinograd`; the number of partial sums follows from the sizes alone.
 */
export function backFilterWinograd(
  { pool }: KernelContext,
  slide: Slide,
  { x, dy, out }: { readonly x: number; readonly dy: number; readonly out: number },
): void {
  const { images, channels, outChannels } = slide;
  const tiles = images * tilesOf(slide);
  const bytes = SQUARE * (4 * channels * outChannels + GAP_BYTES);
  const affordable = 2 * Math.max(1, Math.floor(MOST_HALF_BYTES / bytes));
  const chunks = Math.min(MOST_CHUNKS, affordable, Math.ceil(tiles / CHUNK_TILES));
  const partials = pool.scratch(chunks * bytes);
  const sizes = [images, slide.height, slide.width, channels, slide.outHeight, slide.outWidth, outChannels];
  pool.run(
    'winogradBackFilter',
    [x, dy, partials, chunks, ...sizes, slide.top, slide.left],
    tiles * SQUARE * channels * outChannels,
  );
  pool.run(
    'winogradBackFilterFinish',
    [partials, out, channels, outChannels, chunks],
    chunks * SQUARE * channels * outChannels,
  );
}
