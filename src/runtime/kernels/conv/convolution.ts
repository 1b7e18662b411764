import { backend_util, type TensorInfo } from '../../tf.ts';
import type { KernelContext } from '../kernel.ts';
import {
  type Axis,
  type Curve,
  type GemmActivation,
  linear,
  runGemm,
  runGemmSplit,
  splitScratchBytes,
} from '../matmul/gemm.ts';
import { bandsOf, type ConvInfo, type PaddedImages, paddedInput, paddedSize } from './bands.ts';
import { padImages } from './padImages.ts';
import { phasesOf, reachOf } from './phases.ts';
import { canSlide, requireSteps } from './windows.ts';
import { backFilterWinograd, isWinograd, isWinogradBackFilter, slideBack, slideOf, slideWinograd } from './winograd.ts';

/** What tfjs passes to a 2-D convolution and to its gradients. */
export interface ConvAttrs {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  /** tfjs passes none to gradients; limbeck's own gradient of Conv2D does. */
  readonly dilations?: [number, number] | number;
}

/** Sizes of a convolution, or `undefined` for a layout that is left to tfjs. */
export function convInfoOf(
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: ConvAttrs,
): ConvInfo | undefined {
  const { strides, dilations = 1, pad, dimRoundingMode, dataFormat } = attrs;
  requireSteps(strides, dilations);
  if (dataFormat === 'NCHW' || xShape.length !== 4 || filterShape.length !== 4) return undefined;
  if (xShape[3] !== filterShape[2]) return undefined;
  const info = backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
  return canSlide(info) ? info : undefined;
}

/** Output pixels (n, oh, ow) → offset of the window's first tap. */
function windowAxis(info: ConvInfo, { height, width }: PaddedImages, rows = info.outHeight): Axis {
  const channels = info.inChannels;
  return {
    radix1: rows,
    radix2: info.outWidth,
    strides: [height * width * channels, info.strideHeight * width * channels, info.strideWidth * channels],
  };
}

/** Taps (kh, kw, channel) → offset inside the window. */
function tapAxis(info: ConvInfo, { width }: PaddedImages): Axis {
  const channels = info.inChannels;
  return {
    radix1: info.filterWidth,
    radix2: channels,
    strides: [info.dilationHeight * width * channels, info.dilationWidth * channels, 1],
  };
}

/** y[pixel, out] = act(Σ_tap x[pixel + tap] · filter[tap, out] + bias[out]); the im2col matrix is never built. */
export function convolve(
  context: KernelContext,
  x: TensorInfo,
  filter: TensorInfo,
  info: ConvInfo,
  epilogue: { bias?: TensorInfo; activation?: GemmActivation; curve?: Curve } = {},
): TensorInfo {
  const out = context.backend.makeOutput(info.outShape, 'float32');
  const bias = epilogue.bias === undefined ? 0 : context.address(epilogue.bias);
  const slide = slideOf(info);
  if (isWinograd(info, slide)) {
    const operands = { x: context.address(x), filter: context.address(filter), out: context.address(out) };
    slideWinograd(context, slide, { ...epilogue, ...operands, bias });
    return out;
  }
  const bands = bandsOf(info);
  const scratch = context.pool.scratch(Math.max(...bands.map((band) => paddedSize(info, band).bytes)));
  for (const band of bands) {
    const images = paddedInput(context, x, info, scratch, band);
    const firstPixel = (band.image * info.outHeight + band.row) * info.outWidth;
    runGemm(context.pool, {
      a: images.address,
      b: context.address(filter),
      c: context.address(out) + 4 * firstPixel * info.outChannels,
      m: band.images * band.rows * info.outWidth,
      n: info.outChannels,
      k: info.filterHeight * info.filterWidth * info.inChannels,
      aRows: windowAxis(info, images, band.rows),
      aCols: tapAxis(info, images),
      bRows: linear(info.outChannels),
      bCols: linear(1),
      cRows: linear(info.outChannels),
      bias,
      activation: epilogue.activation ?? 'linear',
      curve: epilogue.curve,
    });
  }
  return out;
}

/** dFilter[tap, out] = Σ_pixel x[pixel + tap] · dy[pixel, out]: the same view of the images, transposed. */
export function convolveBackFilter(context: KernelContext, x: TensorInfo, dy: TensorInfo, info: ConvInfo): TensorInfo {
  const out = context.backend.makeOutput(info.filterShape, 'float32');
  if (isWinogradBackFilter(info)) {
    const operands = { x: context.address(x), dy: context.address(dy), out: context.address(out) };
    backFilterWinograd(context, slideOf(info), operands);
    return out;
  }
  const m = info.filterHeight * info.filterWidth * info.inChannels;
  const n = info.outChannels;
  const k = info.batchSize * info.outHeight * info.outWidth;
  const padded = paddedSize(info);
  const scratch = context.pool.scratch(padded.bytes + splitScratchBytes(m, n, k));
  const images = paddedInput(context, x, info, scratch);
  const plan = {
    a: images.address,
    b: context.address(dy),
    c: context.address(out),
    m,
    n,
    k,
    aRows: tapAxis(info, images),
    aCols: windowAxis(info, images),
    bRows: linear(n),
    bCols: linear(1),
    cRows: linear(n),
  };
  runGemmSplit(context.pool, plan, scratch + padded.bytes);
  return out;
}

/** dx[pixel, in] = Σ_tap Σ_out dy[pixel − tap, out] · filter[tap, in, out], one product for each stride phase. */
export function convolveBackInput(
  context: KernelContext,
  dy: TensorInfo,
  filter: TensorInfo,
  info: ConvInfo,
): TensorInfo {
  const { batchSize, inHeight, inWidth, inChannels, outChannels, filterWidth, padInfo } = info;
  const out = context.backend.makeOutput(info.inShape, 'float32');
  const slide = slideBack(info);
  if (isWinograd(info, slide)) {
    const operands = { x: context.address(dy), filter: context.address(filter), out: context.address(out) };
    slideWinograd(context, slide, { ...operands, isTurned: true });
    return out;
  }
  const rows = phasesOf(inHeight, info.filterHeight, info.strideHeight, info.dilationHeight, padInfo.top);
  const cols = phasesOf(inWidth, filterWidth, info.strideWidth, info.dilationWidth, padInfo.left);
  const high = reachOf(rows, info.outHeight);
  const wide = reachOf(cols, info.outWidth);
  let address = context.address(dy);
  if (high.length > info.outHeight || wide.length > info.outWidth) {
    const padded = context.pool.scratch(batchSize * high.length * wide.length * outChannels * 4);
    padImages(context, {
      x: address,
      out: padded,
      images: batchSize,
      height: info.outHeight,
      width: info.outWidth,
      channels: outChannels,
      top: high.before,
      left: wide.before,
      outHeight: high.length,
      outWidth: wide.length,
    });
    address = padded;
  }
  const rowStride = wide.length * outChannels;
  for (const row of rows) {
    for (const col of cols) {
      const firstPixel = (row.firstOut + high.before) * rowStride + (col.firstOut + wide.before) * outChannels;
      const firstWeight = (row.firstTap * filterWidth + col.firstTap) * inChannels * outChannels;
      const taps = row.taps * col.taps;
      runGemm(context.pool, {
        a: address + (taps === 0 ? 0 : firstPixel * 4),
        b: context.address(filter) + firstWeight * 4,
        c: context.address(out) + (row.start * inWidth + col.start) * inChannels * 4,
        m: batchSize * row.count * col.count,
        n: inChannels,
        k: taps * outChannels,
        aRows: {
          radix1: row.count,
          radix2: col.count,
          strides: [high.length * rowStride, rowStride, outChannels],
        },
        aCols: {
          radix1: Math.max(1, col.taps),
          radix2: outChannels,
          strides: [-row.outStep * rowStride, -col.outStep * outChannels, 1],
        },
        bRows: {
          radix1: Math.max(1, col.taps),
          radix2: outChannels,
          strides: [row.tapStep * filterWidth * inChannels * outChannels, col.tapStep * inChannels * outChannels, 1],
        },
        bCols: linear(outChannels),
        cRows: {
          radix1: row.count,
          radix2: col.count,
          strides: [
            inHeight * inWidth * inChannels,
            info.strideHeight * inWidth * inChannels,
            info.strideWidth * inChannels,
          ],
        },
      });
    }
  }
  return out;
}
