import { engine } from '../tf.ts';

/**
 * Whether a gradient of a gradient is being recorded. Kernels of gradients have no gradient of their own, so what is
 * to be derived twice is composed of tfjs operations.
 */
export function isTwiceDerived(): boolean {
  return engine().state.gradientDepth > 1;
}
