import type { DropoutPlan } from '../kernels/elementwise/dropout.ts';
import { mul, type NamedAttrMap, type Tensor, tensor, tidy } from '../tf.ts';
import { kernelOr } from './kernelOr.ts';

/**
 * Sets a fraction of the values to zero and scales the others up to keep the mean. The mask depends only on seed, step
 * and position: it is the same on every backend, and in the backward pass. `next` gives the number of the next step where a
 * recorded step is replayed.
 * Units     rate in [0, 1); seed and step are taken as 32-bit integers
 * Source    Srivastava et al. 2014, JMLR 15
 */
export function dropout(x: Tensor, rate: number, seed: number, step = 0, next?: () => number): Tensor {
  const keyOf = (number: number) => mixed(mixed((seed ^ 0x5bd1e995) | 0) + number);
  const plan: DropoutPlan = {
    keyOne: mixed(seed | 0),
    keyTwo: keyOf(step),
    threshold: Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1),
    scale: 1 / (1 - rate),
    ...(next && {
      advance() {
        plan.keyTwo = keyOf(next());
      },
    }),
  };
  return kernelOr('SeededDropout', { x }, plan as unknown as NamedAttrMap, () => tidy(() => mul(x, maskOf(x, plan))));
}

function maskOf({ shape, size }: Tensor, { keyOne, keyTwo, threshold, scale }: DropoutPlan): Tensor {
  const isKept = (i: number) => mixed(mixed(i ^ keyOne) + keyTwo) >>> 0 >= threshold;
  return tensor(
    Float32Array.from({ length: size }, (_, i) => (isKept(i) ? scale : 0)),
    shape,
    'float32',
  );
}

/** The same mixing as in `wasm/dropout/index.ts`. */
function mixed(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}
