import * as tf from '../runtime/tf.ts';

/** What tfjs's engine has, and does not declare. */
interface TapingEngine {
  runKernelFunc(call: { readonly inputs: tf.NamedTensorMap }): tf.Tensor | tf.Tensor[];
  isTapeOn(): boolean;
}

/**
 * Does work whose gradients are asked for by these variables only. What does not depend on them is computed as in inference:
 * tfjs keeps nothing of it for the backward pass, so layers before the first that learns hold no memory. The gradients are the
 * same, bit for bit: tfjs leaves those operations out when it goes back.
 * Source    Lin et al. 2022, §3.2 (sparse update), arXiv:2206.15472; Zhu et al. 2023, arXiv:2310.17752 (PockEngine)
 */
export function tapedFrom<T>(variables: readonly tf.Variable[], work: () => T): T {
  const engine = tf.engine() as unknown as TapingEngine;
  const { runKernelFunc, isTapeOn } = engine;
  const reached = new Set<number>(variables.map(({ id }) => id));
  engine.runKernelFunc = (call) => {
    if (!engine.isTapeOn()) return runKernelFunc.call(engine, call);
    const isReached = Object.values(call.inputs).some((input) =>
      reached.has((input as tf.Tensor | undefined)?.id ?? -1),
    );
    if (!isReached) engine.isTapeOn = () => false;
    try {
      const result = runKernelFunc.call(engine, call);
      if (isReached) for (const one of [result].flat()) reached.add(one.id);
      return result;
    } finally {
      engine.isTapeOn = isTapeOn;
    }
  };
  try {
    return work();
  } finally {
    // Both stand on the prototype.
    Reflect.deleteProperty(engine, 'runKernelFunc');
    Reflect.deleteProperty(engine, 'isTapeOn');
  }
}
