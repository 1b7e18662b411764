import type * as tf from '../runtime/tf.ts';
import { segmentsOf } from './recomputed.ts';
import { type Gradient, type GradientFunction, type TapeNode, tapeEngine } from './tapeEngine.ts';

/**
 * Does work whose gradients are asked for by these variables only. What does not depend on them is computed as in inference:
 * tfjs keeps nothing of it for the backward pass, so layers before the first that learns hold no memory. The gradients are the
 * same, bit for bit: tfjs leaves those operations out when it goes back.
 *
 * With `mostBytes` not even all of the others is kept: see `segmentsOf`.
 * Source    Lin et al. 2022, §3.2 (sparse update), arXiv:2206.15472; Zhu et al. 2023, arXiv:2310.17752 (PockEngine)
 */
export function tapedFrom<T>(variables: readonly tf.Variable[], work: () => T, mostBytes?: number): T {
  const engine = tapeEngine();
  const { runKernelFunc, customGrad, isTapeOn } = engine;
  const segments = mostBytes === undefined ? undefined : segmentsOf(engine, mostBytes);
  let own: GradientFunction | undefined;
  engine.customGrad =
    (work) =>
    (...inputs) => {
      own = work;
      try {
        return customGrad.call(engine, work)(...inputs);
      } finally {
        own = undefined;
      }
    };
  /** Of the operation that the backward pass has reached: gradients of its outputs, and what it keeps. */
  let done: { readonly outputs: readonly tf.Tensor[]; readonly tensors: (tf.Tensor | undefined)[] } | undefined;

  /** When the backward pass goes on to the next operation, frees what only this one needed; tfjs keeps it to the end. */
  function freeBehind(node: TapeNode, own: Gradient): void {
    node.gradient = (dys) => {
      // Gradients of gradients would need it.
      if (engine.state.gradientDepth > 0) return own(dys);
      // A copy stands on the tape twice.
      const isSame = done?.outputs.some(({ id }) => node.outputs.some((output) => output.id === id));
      if (!isSame) for (const one of done?.tensors ?? []) one?.dispose();
      const gradients = (segments?.gradientOf(node) ?? own)(dys);
      done = { outputs: node.outputs, tensors: [...dys, ...node.saved] };
      // What is passed on as it is must outlive this operation.
      const passed = (dx: tf.Tensor) => (dys.includes(dx) ? dx.clone() : dx);
      return Object.fromEntries(Object.entries(gradients).map(([name, make]) => [name, () => passed(make())]));
    };
  }

  const reached = new Set<number>(variables.map(({ id }) => id));
  engine.runKernelFunc = (call) => {
    if (!engine.isTapeOn()) return runKernelFunc.call(engine, call);
    const isReached = Object.values(call.inputs).some((input) =>
      reached.has((input as tf.Tensor | undefined)?.id ?? -1),
    );
    if (!isReached) engine.isTapeOn = () => false;
    const ofCall = call.kernelName === undefined ? own : undefined;
    try {
      const result = runKernelFunc.call(engine, call);
      if (isReached) for (const one of [result].flat()) reached.add(one.id);
      const node = engine.state.activeTape?.at(-1);
      if (isReached && node?.gradient !== undefined) {
        segments?.add(call, node, ofCall);
        freeBehind(node, node.gradient);
      }
      return result;
    } finally {
      engine.isTapeOn = isTapeOn;
    }
  };
  try {
    return work();
  } finally {
    // All stand on the prototype.
    for (const name of ['runKernelFunc', 'customGrad', 'isTapeOn']) Reflect.deleteProperty(engine, name);
    segments?.end();
  }
}
