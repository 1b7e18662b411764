// Who computes while a spec runs: watches every kernel of tfjs's wasm and cpu backends, and every kernel of limbeck's.
import * as kernels from '../../src/runtime/kernels/all.ts';
import type { Kernel } from '../../src/runtime/kernels/kernel.ts';
import { isAlias } from '../../src/runtime/kernels/plan.ts';
import * as tf from '../../src/runtime/tf.ts';

/** limbeck's kernels · tfjs's own wasm kernels · kernels of tfjs's cpu backend. */
export type Answerer = 'limbeck' | 'wasm' | 'cpu';

const seen = new Set<Answerer>();

/** Who has computed something since this was asked last. What only gives a tensor another name or shape computes nothing. */
export function answerers(): Answerer[] {
  const now = [...seen].sort();
  seen.clear();
  return now;
}

/** Before limbeck's kernels are installed: tells them from those of tfjs, which answer where they do not apply. */
export function watchKernels(): void {
  watchBackend('cpu', () => seen.add('cpu'));
  watchBackend('wasm', () => seen.add('wasm'));
  for (const kernel of (Object.values(kernels) as (Kernel | readonly Kernel[])[]).flat() as Kernel[]) {
    const { run } = kernel;
    kernel.run = (context, inputs, attrs) => {
      const result = run.call(kernel, context, inputs, attrs);
      if (result !== undefined && !isAlias(inputs ?? {}, result)) seen.add('limbeck');
      return result;
    };
  }
}

/**
 * Once they are installed: what answers without any of the others is limbeck's own too, such as a cast that tfjs-wasm
 * does wrong.
 */
export function watchFallbacks(): void {
  let calls = 0;
  const { add } = seen;
  seen.add = (who) => {
    calls++;
    return add.call(seen, who);
  };
  watchBackend(
    'wasm',
    (before) => {
      if (calls === before) seen.add('limbeck');
    },
    () => calls,
  );
}

/** Calls `computed` after each kernel that gave something new, with what `begin` gave before it. */
function watchBackend(backendName: string, computed: (begun: number) => void, begin = () => 0): void {
  for (const original of tf.getKernelsForBackend(backendName)) {
    tf.unregisterKernel(original.kernelName, backendName);
    tf.registerKernel({
      ...original,
      kernelFunc(call) {
        const begun = begin();
        const result = original.kernelFunc(call);
        if (!isAlias(call.inputs ?? {}, result)) computed(begun);
        return result;
      },
    });
  }
}
