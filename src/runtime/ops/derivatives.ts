import { engine } from '../tf.ts';

/**
 * Whether a gradient of a gradient is being recorded. Gradient kernels have no gradient themselves, so second
 * derivatives are composed from tfjs operations.
 */
export function isTwiceDerived(): boolean {
  return engine().state.gradientDepth > 1;
}
