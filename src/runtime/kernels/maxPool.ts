import { MaxPool, type TensorInfo } from '../tf.ts';
import { isSupported, type Kernel } from './kernel.ts';
import { maxPoolGradient } from './poolGradient.ts';
import { isIdentity, type PoolAttrs, poolSizesOf, poolWords, poolWork } from './pooling.ts';

/**
 * 2-D max pooling. NaN is never the largest value; a window that lies wholly in the padding gives −∞, as in tfjs's cpu backend.
 * Shapes    x [B, H, W, C] → [B, H′, W′, C]; any window, stride and padding
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other dtypes fall back to tfjs
 * Source    tfjs MaxPool
 * Differs   from tfjs-wasm, which writes out of bounds for windows of 1 × 1 and pads some images wrongly
 */
export const maxPool: Kernel = {
  kernelName: MaxPool,
  run({ backend, pool, address }, inputs, attrs) {
    const { x } = inputs as { x: TensorInfo };
    const info = isSupported(x) ? poolSizesOf(x.shape, attrs as unknown as PoolAttrs) : undefined;
    if (info === undefined) return undefined;
    if (isIdentity(info)) {
      backend.incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    }
    const out = backend.makeOutput(info.outShape, 'float32');
    pool.run('maxPool', poolWords(address(x), address(out), info), poolWork(info));
    return out;
  },
  gradient: maxPoolGradient,
};
