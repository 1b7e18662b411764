import { AvgPool, type TensorInfo } from '../tf.ts';
import { isSupported, type Kernel } from './kernel.ts';
import { avgPoolGradient } from './poolGradient.ts';
import { isIdentity, type PoolAttrs, poolSizesOf, poolWords, poolWork } from './pooling.ts';

/**
 * 2-D average pooling over the positions that lie in the image. A window wholly in the padding gives NaN.
 * Shapes    x [B, H, W, C] → [B, H′, W′, C]; any window, stride and padding
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other dtypes fall back to tfjs
 * Source    tfjs AvgPool
 * Differs   from tfjs-wasm, which pads some images wrongly
 */
export const avgPool: Kernel = {
  kernelName: AvgPool,
  run({ backend, pool, address }, inputs, attrs) {
    const { x } = inputs as { x: TensorInfo };
    const info = isSupported(x) ? poolSizesOf(x.shape, attrs as unknown as PoolAttrs) : undefined;
    if (info === undefined) return undefined;
    if (isIdentity(info)) {
      backend.incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    }
    const out = backend.makeOutput(info.outShape, 'float32');
    pool.run('avgPool', poolWords(address(x), address(out), info), poolWork(info));
    return out;
  },
  gradient: avgPoolGradient,
};
