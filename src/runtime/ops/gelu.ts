import { add, div, erf, mul, type Tensor, tanh, tidy } from '../tf.ts';
import { kernelOr } from './kernelOr.ts';

/**
 * x · Φ(x), exactly or by the usual approximation with tanh.
 * Source    Hendrycks and Gimpel 2016, arXiv:1606.08415
 * Differs   on other backends than wasm tfjs's error function is off by up to 1.5e-7
 */
export function gelu(x: Tensor, form: 'erf' | 'tanh' = 'erf'): Tensor {
  return kernelOr(form === 'erf' ? 'Gelu' : 'GeluTanh', { x }, {}, () => tidy(() => mul(x, cdf(x, form))));
}

function cdf(x: Tensor, form: 'erf' | 'tanh'): Tensor {
  if (form === 'erf') return mul(add(erf(div(x, Math.SQRT2)), 1), 0.5);
  const cubic = mul(x, add(mul(mul(x, x), 0.044715), 1));
  return mul(add(tanh(mul(cubic, Math.sqrt(2 / Math.PI))), 1), 0.5);
}
