import { _FusedMatMul, type TensorInfo } from '../../tf.ts';
import type { Kernel } from '../kernel.ts';
import { product } from './batchMatMul.ts';
import { fusedMatMulGradient } from './fusedGradients.ts';
import { type Curve, isGemmActivation } from './gemm.ts';

/**
 * Matrix product with bias and activation in the same pass: the forward pass of a dense layer.
 * Shapes    a [B, M, K], b [B, K, N], bias [N] → [B, M, N]
 * Units     float32; activations linear, relu, relu6, line, gate
 * Throws    nothing: other activations, bias ranks and dtypes fall back to tfjs
 * Source    tfjs _FusedMatMul
 */
export const fusedMatMul: Kernel = {
  kernelName: _FusedMatMul,
  run(context, { a, b, bias, preluActivationWeights }, attrs) {
    const { transposeA, transposeB, activation, curve } = attrs as unknown as {
      transposeA: boolean;
      transposeB: boolean;
      activation: string;
      curve?: Curve;
    };
    const columns = (b as TensorInfo).shape.at(transposeB ? -2 : -1);
    if (!isGemmActivation(activation) || preluActivationWeights !== undefined) return undefined;
    if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== columns)) return undefined;
    return product(context, a as TensorInfo, b as TensorInfo, { transposeA, transposeB, bias, activation, curve });
  },
  gradient: fusedMatMulGradient,
};
