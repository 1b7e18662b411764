import { backend_util, MaxPoolGrad, type TensorInfo } from '../tf.ts';
import { isSupported, type Kernel } from './kernel.ts';

/**
 * Gradient of 2-D max pooling: each window hands its gradient to the first position of its maximum.
 * Shapes    dy [B, H′, W′, C], x [B, H, W, C] → [B, H, W, C]
 * Units     float32, channels last
 * Throws    nothing: other dtypes fall back to tfjs
 * Source    tfjs MaxPoolGrad
 * Differs   from tfjs-wasm, which finds no maximum where all values of a window are zero or below
 */
export const maxPoolGrad: Kernel = {
  kernelName: MaxPoolGrad,
  run({ backend, pool, address }, inputs, attrs) {
    const { dy, input: x } = inputs as { dy: TensorInfo; input: TensorInfo };
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as {
      filterSize: [number, number] | number;
      strides: [number, number] | number;
      pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
      dimRoundingMode?: 'floor' | 'round' | 'ceil';
    };
    if (!isSupported(dy, x) || x.shape.length !== 4) return undefined;
    const info = backend_util.computePool2DInfo(
      x.shape as [number, number, number, number],
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
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
    ];
    pool.run('maxPoolGrad', words, info.batchSize * info.outHeight * info.outWidth * info.inChannels);
    return out;
  },
};
