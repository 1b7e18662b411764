import { elu, mul, relu, sub, type Tensor, tidy } from '../tf.ts';

const ALPHA = 1.6732632423543772;
const SCALE = 1.0507009873554805;

/**
 * scale · x above 0, scale · α · (eˣ − 1) below, of two functions that have kernels.
 * Source    Klambauer et al. 2017, arXiv:1706.02515
 */
export function selu(x: Tensor): Tensor {
  return tidy(() => sub(mul(elu(x), SCALE * ALPHA), mul(relu(x), SCALE * (ALPHA - 1))));
}
