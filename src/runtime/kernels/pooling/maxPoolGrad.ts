import { MaxPoolGrad, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { isPooled, type PoolAttrs, type PoolSizes, poolSizesOf, poolWork } from './pooling.ts';

/**
 * Gradient of 2-D max pooling: each window passes its gradient to the first position of its maximum.
 * Shapes    dy [B, H′, W′, C], x [B, H, W, C] → [B, H, W, C]
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other dtypes fall back to tfjs
 * Source    tfjs MaxPoolGrad
 * Differs   from tfjs-wasm, which finds no maximum if all values of a window are zero or below
 */
export const maxPoolGrad: Kernel = {
  kernelName: MaxPoolGrad,
  run({ backend, pool, address }, inputs, attrs) {
    const { dy, input: x } = inputs as { dy: TensorInfo; input: TensorInfo };
    const info = isSupported(dy, x) ? poolSizesOf(x.shape, attrs as unknown as PoolAttrs) : undefined;
    if (info === undefined || !isPooled(info, dy.shape)) return undefined;
    const out = backend.makeOutput(x.shape, 'float32');
    const words = [
      address(x),
      address(dy),
      address(out),
      info.batchSize,
      info.inHeight,
      info.inWidth,
      info.inChannels,
      info.outHeight,
      info.outWidth,
      info.filterHeight,
      info.filterWidth,
      info.strideHeight,
      info.strideWidth,
      info.dilationHeight,
      info.dilationWidth,
      info.padInfo.top,
      info.padInfo.left,
      ...(isApart(info) ? [1, isCovered(info) ? 1 : 0] : [0, 0]),
    ];
    pool.run('maxPoolGrad', words, poolWork(info));
    return out;
  },
};

/** Whether no position is in two windows. */
function isApart(info: PoolSizes): boolean {
  return info.strideHeight >= info.filterHeight && info.strideWidth >= info.filterWidth;
}

/** Whether disjoint windows cover every position: they touch, from the first position to the last. */
function isCovered(info: PoolSizes): boolean {
  return (
    info.strideHeight === info.filterHeight &&
    info.strideWidth === info.filterWidth &&
    info.outHeight * info.strideHeight - info.padInfo.top >= info.inHeight &&
    info.outWidth * info.strideWidth - info.padInfo.left >= info.inWidth
  );
}
