import { mul, sigmoid, type Tensor, tidy } from '../tf.ts';
import { kernelOr } from './kernelOr.ts';

/**
 * x · σ(x), also called swish.
 * Source    Ramachandran, Zoph, Le 2017, arXiv:1710.05941
 */
export function silu(x: Tensor): Tensor {
  return kernelOr('Silu', { x }, {}, () => tidy(() => mul(x, sigmoid(x))));
}
