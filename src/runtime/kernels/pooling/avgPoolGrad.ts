import { AvgPoolGrad, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { isPooled, type PoolAttrs, poolSizesOf, poolWords, poolWork } from './pooling.ts';

/**
 * Gradient of 2-D average pooling: each window distributes its gradient equally over its positions in the image.
 * Shapes    dy [B, H′, W′, C], x [B, H, W, C] → [B, H, W, C]
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other dtypes and sizes, and explicit paddings, fall
 *           back to tfjs
 * Source    tfjs AvgPoolGrad
 * Differs   tfjs divides by all positions of a window, including the padding, which its average leaves out; its specs
 *           demand this for explicit paddings
 */
export const avgPoolGrad: Kernel = {
  kernelName: AvgPoolGrad,
  run({ backend, pool, address }, inputs, attrs) {
    const { dy, input: x } = inputs as { dy: TensorInfo; input: TensorInfo };
    if (Array.isArray((attrs as unknown as PoolAttrs).pad)) return undefined;
    const info = isSupported(dy, x) ? poolSizesOf(x.shape, attrs as unknown as PoolAttrs) : undefined;
    if (info === undefined || !isPooled(info, dy.shape)) return undefined;
    const out = backend.makeOutput(x.shape, 'float32');
    pool.run('avgPoolGrad', poolWords(address(dy), address(out), info), poolWork(info));
    return out;
  },
};
