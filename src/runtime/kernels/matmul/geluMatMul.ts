import type { TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { linear, runGemm } from './gemm.ts';

/**
 * gelu(a · b + bias) of a dense layer, and where `isSloped`, the slopes of gelu: they are known by then, and the gradient
 * needs nothing else. `ops/denseGelu.ts` asks for it.
 * Shapes    a [M, K], b [K, N], bias [N] → [M, N], slopes [M, N]
 * Units     float32
 * Throws    nothing: other shapes and dtypes give no result
 * Source    Hendrycks and Gimpel 2016, arXiv:1606.08415
 */
export const geluMatMul: Kernel = {
  kernelName: 'GeluMatMul',
  run({ backend, pool, address }, inputs, attrs) {
    const { a, b, bias } = inputs as { a: TensorInfo; b: TensorInfo; bias?: TensorInfo };
    const [m, k] = a.shape as [number, number];
    const [depth, n] = b.shape as [number, number];
    const isBiased = bias === undefined || (bias.shape.length === 1 && bias.shape[0] === n);
    const isFitting = a.shape.length === 2 && b.shape.length === 2 && depth === k && isBiased;
    if (!isFitting || !isSupported(a, b, bias)) return undefined;
    const outputs = [1, ...(attrs?.['isSloped'] === true ? [1] : [])].map(() => backend.makeOutput([m, n], 'float32'));
    const [c, slopes = 0] = outputs.map(address) as [number, number?];
    runGemm(pool, {
      ...{ a: address(a), b: address(b), c, m, n, k, slopes },
      ...{ aRows: linear(k), aCols: linear(1), bRows: linear(n), bCols: linear(1), cRows: linear(n) },
      bias: bias === undefined ? 0 : address(bias),
      activation: 'gelu',
    });
    return outputs;
  },
};
