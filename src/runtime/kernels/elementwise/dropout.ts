import { sizeOf } from '../../../core/shape.ts';
import { engine, type NamedTensorMap, type Tensor, type TensorInfo } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type Kernel } from '../kernel.ts';

/** As `ops/dropout.ts` makes them of a rate and a seed. */
export interface DropoutPlan {
  readonly keyOne: number;
  /** Another for each step. */
  keyTwo: number;
  /** Values whose hash lies below it are dropped. */
  readonly threshold: number;
  /** Factor of the kept values. */
  readonly scale: number;
  /** Sets the key of the next step, where a recorded step is replayed; without it every run has the same mask. */
  readonly advance?: () => void;
}

/** Where the argument words have the key of the step. */
const KEY_TWO = 4;

/**
 * Dropout from a seed: the mask is recomputed in the backward pass and never stored.
 * Shapes    x [...] → [...]
 * Units     float32
 * Throws    nothing; other dtypes are the caller's to compose
 * Source    Srivastava et al. 2014, JMLR 15; counter-based generators: Salmon et al. 2011, "Parallel random numbers"
 */
export const dropout: Kernel = {
  kernelName: 'SeededDropout',
  run({ backend, pool, address }, inputs, attrs) {
    const { x } = inputs as { x: TensorInfo };
    if (!isSupported(x)) return undefined;
    const plan = attrs as unknown as DropoutPlan;
    const { keyOne, keyTwo, threshold, scale, advance } = plan;
    const out = backend.makeOutput(x.shape, 'float32');
    const count = sizeOf(x.shape);
    const words = [address(x), address(out), count, keyOne, keyTwo, threshold, floatBits(scale)];
    pool.run('dropout', words, count * 6, advance && { at: KEY_TWO, read: () => plan.keyTwo, advance });
    return out;
  },
  gradient: {
    gradFunc: (dy, _, attrs) => ({
      x: () => engine().runKernel('SeededDropout', { x: dy } as NamedTensorMap, attrs) as Tensor,
    }),
  },
};
