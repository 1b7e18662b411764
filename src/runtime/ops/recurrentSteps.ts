import { LimbeckError } from '../../core/errors.ts';
import { type RecurrentActivation, type SequenceSizes, sequenceSizes } from '../kernels/recurrent/recurrent.ts';
import { add, matMul, type NamedTensorMap, reshape, sigmoid, type Tensor, unstack } from '../tf.ts';
import { hardSigmoid } from './hardSigmoid.ts';

/** x · W + b for each step [B, gates · U]. */
export function stepSums(x: Tensor, kernel: Tensor, bias: Tensor | undefined): Tensor[] {
  const [batch, time, features] = x.shape as [number, number, number];
  const product = matMul(reshape(x, [batch * time, features]), kernel);
  const sums = bias === undefined ? product : add(product, bias);
  // The gradient of tfjs's unstack fails for a single piece.
  return time === 1 ? [sums] : unstack(reshape(sums, [batch, time, kernel.shape[1] as number]), 1);
}

/** tfjs-layers' hardSigmoid has the slope 0.2. */
export function openGate(x: Tensor, activation: RecurrentActivation): Tensor {
  return activation === 'sigmoid' ? sigmoid(x) : hardSigmoid(x, 0.2);
}

/** The sizes of a sequence, or a sentence that says what does not fit. */
export function checkSequence(inputs: NamedTensorMap, gates: number): SequenceSizes {
  const sizes = sequenceSizes(inputs, gates);
  if (sizes !== undefined && sizes.time > 0) return sizes;
  const shapes = Object.entries(inputs).map(([name, { shape }]) => `${name} [${shape.join(', ')}]`);
  throw new LimbeckError(
    'shape-mismatch',
    `A recurrent layer with ${gates} gates got ${shapes.join(', ')}. It needs x [B, T, F] with T > 0, ` +
      `kernel [F, ${gates} U], recurrentKernel [U, ${gates} U], biases [${gates} U] and states [B, U].`,
  );
}
