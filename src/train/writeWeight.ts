import { LimbeckError } from '../core/errors.ts';
import { formatShape, isSameShape, type NdArray } from '../core/shape.ts';
import { currentKernels } from '../runtime/kernels/install.ts';
import * as tf from '../runtime/tf.ts';

/**
 * Gives a weight other values, on the kernels in its place, so that recorded steps go on with it.
 * Throws    shape-mismatch: the values are those of another weight
 */
export function writeWeight(weight: tf.Variable, given: NdArray | undefined): void {
  if (given === undefined || !isSameShape(given.shape, weight.shape) || given.data.length !== weight.size) {
    throw new LimbeckError(
      'shape-mismatch',
      `The weight "${weight.name}" is ${formatShape(weight.shape)}, and what was kept of it is ${formatShape(given?.shape ?? [])}: it is of another student.`,
      { details: { weight: weight.name } },
    );
  }
  const { data, shape } = given;
  const kernels = currentKernels();
  if (kernels !== undefined) {
    kernels.bytes().set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), kernels.addressOf(weight));
    return;
  }
  tf.tidy(() => weight.assign(tf.tensor(data.slice(), [...shape], weight.dtype as 'float32')));
}

/** The values of a model's weights, its statistics too, as they are now: copies. */
export function readWeights(model: tf.LayersModel): Promise<NdArray[]> {
  return Promise.all(
    variablesIn(model).map(async (weight) => ({
      data: (await weight.data<'float32'>()).slice(),
      shape: [...weight.shape],
    })),
  );
}

/** Puts such values back. */
export function writeWeights(model: tf.LayersModel, values: readonly NdArray[]): void {
  for (const [i, weight] of variablesIn(model).entries()) writeWeight(weight, values[i]);
}

function variablesIn(model: tf.LayersModel): tf.Variable[] {
  return model.weights.map((weight) => weight.read() as tf.Variable);
}
