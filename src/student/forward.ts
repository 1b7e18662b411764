import type { NamedArrays, NdArray } from '../core/shape.ts';
import { currentKernels } from '../runtime/kernels/install.ts';
import { makePlans } from '../runtime/kernels/plans.ts';
import { readArray, toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, describeStudent } from './build.ts';
import { changingLayer } from './layers/staticLayers.ts';

/** A model that answers batches. */
export interface Forward extends Disposable {
  /**
   * The outputs by name, each [B, ...], for the arrays of the model's inputs in their order, as `orderInputs` gives them.
   * Rejects with what tfjs throws, and    out-of-memory · thread-died
   */
  run(inputs: readonly NdArray[]): Promise<NamedArrays>;
}

/** A shape that comes twice will come again; recording costs as much as a few passes. */
const RECORD_AFTER = 2;

/**
 * Opens a model of this thread for answers: on the kernels a shape that comes again is recorded and replayed by one call of
 * compiled code, without tfjs in between, bit for bit the same; elsewhere tfjs computes each. The model stays the caller's, may
 * learn meanwhile, and outlives what is opened here.
 */
export function openForward(model: tf.LayersModel): Forward {
  const names = Object.keys(describeStudent(model).outputs);
  const isStatic = changingLayer(model) === undefined;
  const apply = (tensors: readonly tf.Tensor[]) => tf.tidy(() => applyStudent(model, tensors, 'inference'));
  const weights = model.weights.map((weight) => weight.read());
  const plans = makePlans({
    compute: (tensors) => Object.values(apply(Object.values(tensors))),
    weights,
    recordAfter: RECORD_AFTER,
  });
  return {
    async run(inputs) {
      const kernels = isStatic ? currentKernels() : undefined;
      if (kernels === undefined) return answer(inputs, apply);
      const results = plans.run(kernels, Object.fromEntries(inputs.map((array, i) => [`input ${i}`, array])));
      return Object.fromEntries(results.map((result, i) => [names[i] as string, result]));
    },
    [Symbol.dispose]: plans.dispose,
  };
}

/** The outputs of `apply` for a batch. Asynchronous, because a GPU's results arrive later. */
export async function answer(
  inputs: readonly NdArray[],
  apply: (tensors: readonly tf.Tensor[]) => Record<string, tf.Tensor>,
): Promise<NamedArrays> {
  const outputs = tf.tidy(() => apply(inputs.map(toTensor)));
  try {
    const read = Object.entries(outputs).map(async ([name, tensor]) => [name, await readArray(tensor)] as const);
    return Object.fromEntries(await Promise.all(read));
  } finally {
    tf.dispose(outputs);
  }
}
