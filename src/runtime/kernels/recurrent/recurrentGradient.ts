import { matMul, reshape, sum, type Tensor } from '../../tf.ts';

/** Gradients of a sequence's input, kernel and bias, given that of x · W + b for all steps. */
export function inputGradients(x: Tensor, kernel: Tensor, dz: Tensor) {
  const [batch, time, features] = x.shape as [number, number, number];
  const rows = reshape(dz, [batch * time, -1]);
  return {
    x: () => reshape(matMul(rows, kernel, false, true), [batch, time, features]),
    kernel: () => matMul(reshape(x, [batch * time, features]), rows, true),
    bias: () => sum(rows, 0),
  };
}
