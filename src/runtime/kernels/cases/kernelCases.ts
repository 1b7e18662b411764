// Random cases for every kernel, held against tfjs's cpu backend. It runs in Node and in a browser's worker alike, so
// it knows no test runner: the caller installs kernels, calls `checkKernels` and judges what comes back.
import * as tf from '../../tf.ts';
import * as all from './allCases.ts';
import type { KernelCases, KernelCheck } from './randomCases.ts';

export type { KernelCheck } from './randomCases.ts';

export interface CheckKernelsOptions {
  /** Random cases a kernel. */
  readonly casesPerKernel: number;
  /** The same seed gives the same cases on every engine. */
  readonly seed: number;
  /** Called as soon as a kernel is done. */
  readonly report?: (check: KernelCheck) => void;
  readonly kernels?: readonly KernelCases[];
}

/**
 * Computes random cases on the backends 'cpu' and 'wasm' and compares; all tensors are freed and the backend that was
 * current is so again afterwards. Kernels are installed, and the backends are registered, by the caller.
 */
export async function checkKernels({
  casesPerKernel,
  seed,
  report = () => {},
  kernels = Object.values(all).flat(),
}: CheckKernelsOptions): Promise<KernelCheck[]> {
  const backendBefore = tf.getBackend();
  const checks: KernelCheck[] = [];
  for (const kernel of kernels) {
    const check = await kernel.check(casesPerKernel, seed);
    checks.push(check);
    report(check);
  }
  await tf.setBackend(backendBefore);
  return checks;
}
