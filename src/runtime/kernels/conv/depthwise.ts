import { backend_util, type TensorInfo } from '../../tf.ts';
import type { KernelContext } from '../kernel.ts';
import { type Curve, curveWords, GEMM_ACTIVATIONS, type GemmActivation } from '../matmul/gemm.ts';
import { canSlide, requireSteps } from './windows.ts';

export type DepthwiseSizes = backend_util.Conv2DInfo;

/** What tfjs passes to a depthwise convolution and its gradients; the gradients get no layout. */
export interface DepthwiseAttrs {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly dilations?: [number, number] | number | null;
}

/** Sizes of a depthwise convolution, or `undefined` for what is left to tfjs. */
export function depthwiseSizesOf(
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: DepthwiseAttrs,
): DepthwiseSizes | undefined {
  const { strides, dilations, pad, dimRoundingMode, dataFormat } = attrs;
  requireSteps(strides, dilations ?? 1);
  if (dataFormat === 'NCHW' || xShape.length !== 4 || filterShape.length !== 4) return undefined;
  if (xShape[3] !== filterShape[2]) return undefined;
  const info = backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
  return canSlide(info) && info.outHeight > 0 && info.outWidth > 0 ? info : undefined;
}

export function isOutputOf(info: DepthwiseSizes, dy: TensorInfo): boolean {
  return dy.shape.length === 4 && info.outShape.every((length, i) => length === dy.shape[i]);
}

/** Addresses of a convolution's tensors, and what else `wasm/depthwise/layout.ts` needs. */
interface Plan {
  readonly x: number;
  readonly filter: number;
  readonly y: number;
  readonly bias?: number;
  readonly activation?: GemmActivation;
  readonly curve?: Curve;
  readonly isTurned?: boolean;
  readonly chunks?: number;
  readonly partials?: number;
}

/** One direction of a convolution: along rows, or across them. */
interface Direction {
  readonly inLength: number;
  readonly outLength: number;
  readonly filter: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
  /** Bytes from one position to the next in input, output and filter. */
  readonly inStep: number;
  readonly outStep: number;
  readonly tapStep: number;
}

interface Directions {
  readonly across: Direction;
  readonly along: Direction;
}

function directionsOf(info: DepthwiseSizes): Directions {
  const pixel = info.outChannels * 4;
  return {
    across: {
      inLength: info.inHeight,
      outLength: info.outHeight,
      filter: info.filterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      pad: info.padInfo.top,
      inStep: info.inWidth * pixel,
      outStep: info.outWidth * pixel,
      tapStep: info.filterWidth * pixel,
    },
    along: {
      inLength: info.inWidth,
      outLength: info.outWidth,
      filter: info.filterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      pad: info.padInfo.left,
      inStep: pixel,
      outStep: pixel,
      tapStep: pixel,
    },
  };
}

/** The convolution of dy with the rotated filter: the input's gradient if no stride is above 1. */
function turned({ across, along }: Directions): Directions {
  const turn = (direction: Direction): Direction => ({
    ...direction,
    inLength: direction.outLength,
    outLength: direction.inLength,
    inStep: direction.outStep,
    outStep: direction.inStep,
    pad: (direction.filter - 1) * direction.dilation - direction.pad,
  });
  return { across: turn(across), along: turn(along) };
}

/** Scratch memory for a line of zeros: ZERO_BYTES of `wasm/depthwise/layout.ts`. */
const MOST_ZERO_BYTES = 2 ** 18;

/** Processes images much higher than wide by columns, because one long line costs less than many short ones. */
function alongTheLonger({ across, along }: Directions): Directions {
  const isPlain = ({ filter, stride, dilation }: Direction) => filter === 3 && stride === 1 && dilation === 1;
  const isSideways =
    isPlain(across) &&
    isPlain(along) &&
    across.inLength >= 2 * along.inLength &&
    across.inLength * across.inStep <= MOST_ZERO_BYTES;
  return isSideways ? { across: along, along: across } : { across, along };
}

/** Words of `wasm/depthwise/layout.ts`. */
function wordsOf(info: DepthwiseSizes, { across, along }: Directions, plan: Plan): number[] {
  const { x, filter, y, bias = 0, activation = 'linear', isTurned = false, chunks = 1, partials = 0 } = plan;
  return [
    ...[x, filter, y, bias, GEMM_ACTIVATIONS[activation], isTurned ? 1 : 0, info.batchSize, info.outChannels],
    ...[across.inLength, along.inLength, across.outLength, along.outLength, across.filter, along.filter],
    ...[across.stride, along.stride, across.dilation, along.dilation, across.pad, along.pad, chunks, partials],
    ...[along.inStep, along.outStep, across.inStep, across.outStep, along.tapStep, across.tapStep],
    ...curveWords(plan.curve),
  ];
}

function workOf(info: DepthwiseSizes): number {
  const pixels = info.batchSize * info.outHeight * info.outWidth;
  return pixels * info.outChannels * info.filterHeight * info.filterWidth;
}

/** How many filters each input channel has; above one, the input's channels are repeated first. */
function timesOf(info: DepthwiseSizes): number {
  return info.outChannels / info.inChannels;
}

function inputSize(info: DepthwiseSizes): number {
  return info.batchSize * info.inHeight * info.inWidth * info.inChannels;
}

/** Bytes of the input with its channels repeated; 0 if each channel has one filter. */
function repeatedBytes(info: DepthwiseSizes): number {
  const times = timesOf(info);
  return times === 1 ? 0 : inputSize(info) * times * 4;
}

function repeatedInput({ pool, address }: KernelContext, x: TensorInfo, info: DepthwiseSizes, scratch: number): number {
  const times = timesOf(info);
  if (times === 1) return address(x);
  const count = inputSize(info);
  pool.run('repeatChannels', [address(x), scratch, count, times], count * times);
  return scratch;
}

/** y[pixel, c] = act(Σ_tap x[pixel + tap, c] · filter[tap, c] + bias[c]). */
export function depthwise(
  context: KernelContext,
  x: TensorInfo,
  filter: TensorInfo,
  info: DepthwiseSizes,
  epilogue: { bias?: TensorInfo; activation?: GemmActivation; curve?: Curve } = {},
): TensorInfo {
  const { backend, pool, address } = context;
  const out = backend.makeOutput(info.outShape, 'float32');
  const input = repeatedInput(context, x, info, pool.scratch(repeatedBytes(info)));
  const bias = epilogue.bias === undefined ? 0 : address(epilogue.bias);
  const plan = {
    x: input,
    filter: address(filter),
    y: address(out),
    bias,
    activation: epilogue.activation,
    curve: epilogue.curve,
  };
  pool.run('depthwiseForward', wordsOf(info, alongTheLonger(directionsOf(info)), plan), workOf(info));
  return out;
}

/** dx[pixel, c] = Σ_tap dy[pixel − tap, c] · filter[tap, c], summed over the filters of a channel. */
export function depthwiseBackInput(
  { backend, pool, address }: KernelContext,
  dy: TensorInfo,
  filter: TensorInfo,
  info: DepthwiseSizes,
): TensorInfo {
  const out = backend.makeOutput(info.inShape, 'float32');
  const times = timesOf(info);
  const y = times === 1 ? address(out) : pool.scratch(repeatedBytes(info));
  const plan = { x: address(dy), filter: address(filter), y };
  if (info.strideHeight === 1 && info.strideWidth === 1) {
    const directions = alongTheLonger(turned(directionsOf(info)));
    pool.run('depthwiseForward', wordsOf(info, directions, { ...plan, isTurned: true }), workOf(info));
  } else {
    pool.run('depthwiseBackInput', wordsOf(info, directionsOf(info), plan), workOf(info));
  }
  const count = inputSize(info);
  if (times > 1) pool.run('sumRepeatedChannels', [y, address(out), count, times], count * times);
  return out;
}

/** The sum over all pixels is split into chunks, so that threads have work; their number depends only on the sizes. */
const CHUNK_PIXELS = 64;
const MOST_CHUNKS = 32;

/** dFilter[tap, c] = Σ_pixel x[pixel + tap, c] · dy[pixel, c]. */
export function depthwiseBackFilter(
  context: KernelContext,
  x: TensorInfo,
  dy: TensorInfo,
  info: DepthwiseSizes,
): TensorInfo {
  const { backend, pool, address } = context;
  const out = backend.makeOutput(info.filterShape, 'float32');
  const directions = alongTheLonger(directionsOf(info));
  const lines = info.batchSize * directions.across.outLength;
  const chunks = Math.min(MOST_CHUNKS, lines, Math.ceil((lines * directions.along.outLength) / CHUNK_PIXELS));
  const size = info.filterHeight * info.filterWidth * info.outChannels;
  const scratch = pool.scratch(repeatedBytes(info) + (chunks > 1 ? chunks * size * 4 : 0));
  const partials = chunks > 1 ? scratch + repeatedBytes(info) : address(out);
  const input = repeatedInput(context, x, info, scratch);
  const words = wordsOf(info, directions, { x: input, filter: address(out), y: address(dy), chunks, partials });
  pool.run('depthwiseBackFilter', words, workOf(info));
  if (chunks > 1) pool.run('depthwiseReduce', words, size * chunks);
  return out;
}
