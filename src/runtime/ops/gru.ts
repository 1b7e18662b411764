import { LimbeckError } from '../../core/errors.ts';
import type { RecurrentActivation } from '../kernels/recurrent/recurrent.ts';
import {
  add,
  engine,
  matMul,
  mul,
  type NamedTensorMap,
  slice,
  split,
  stack,
  sub,
  type Tensor,
  tanh,
  tidy,
  zeros,
} from '../tf.ts';
import { hasKernel } from './kernelOr.ts';
import { checkSequence, openGate, stepSums } from './recurrentSteps.ts';

export interface GruWeights {
  /** [F, 3U], its gates in the order update, reset, candidate. */
  readonly kernel: Tensor;
  /** [U, 3U] */
  readonly recurrentKernel: Tensor;
  /** [3U] */
  readonly bias?: Tensor;
  /** [3U], added to the recurrent product; needs `resetAfter`. */
  readonly recurrentBias?: Tensor;
}

export interface GruOptions {
  /** 'sigmoid' as everywhere but in tfjs-layers, whose default is 'hardSigmoid'. */
  readonly recurrentActivation?: RecurrentActivation;
  /** The reset gate multiplies the recurrent product (PyTorch, Keras 3), not the state (tfjs-layers). */
  readonly resetAfter?: boolean;
  /** The output before the first step, [B, U]; default zero. */
  readonly initialState?: Tensor;
}

export interface GruResult {
  /** Of every step, [B, T, U]. */
  readonly outputs: Tensor;
  readonly lastOutput: Tensor;
}

/**
 * A gated recurrent unit over whole sequences x [B, T, F]; one kernel call if kernels are installed.
 * Throws    shape-mismatch · invalid-option: a recurrentBias without resetAfter
 * Source    Cho et al. 2014, arXiv:1406.1078; gates as in tfjs-layers' GRUCell
 */
export function gru(
  x: Tensor,
  { kernel, recurrentKernel, bias, recurrentBias }: GruWeights,
  { recurrentActivation = 'sigmoid', resetAfter = false, initialState }: GruOptions = {},
): GruResult {
  if (recurrentBias !== undefined && !resetAfter) {
    throw new LimbeckError('invalid-option', 'A recurrentBias was given without resetAfter: true, which it needs.');
  }
  const given = { x, kernel, recurrentKernel, ...(bias && { bias }), ...(recurrentBias && { recurrentBias }) };
  const { batch, units } = checkSequence({ ...given, ...(initialState && { h0: initialState }) }, 3);
  return tidy(() => {
    const h0 = initialState ?? zeros([batch, units]);
    const inputs: NamedTensorMap = { ...given, h0 };
    const [outputs, lastOutput] = hasKernel('GruSequence', ...Object.values(inputs))
      ? (engine().runKernel('GruSequence', inputs, { recurrentActivation, resetAfter }) as Tensor[])
      : composed(stepSums(x, kernel, bias), inputs, { recurrentActivation, resetAfter });
    return { outputs, lastOutput } as { [name in keyof GruResult]: Tensor };
  });
}

function composed(
  sums: readonly Tensor[],
  { recurrentKernel, recurrentBias, h0 }: NamedTensorMap,
  { recurrentActivation, resetAfter }: { recurrentActivation: RecurrentActivation; resetAfter: boolean },
): Tensor[] {
  const matrix = recurrentKernel as Tensor;
  const units = matrix.shape[0] as number;
  const ofGates = slice(matrix, [0, 0], [units, 2 * units]);
  const ofCandidate = slice(matrix, [0, 2 * units], [units, units]);
  let h = h0 as Tensor;
  const outputs = sums.map((sum) => {
    const [xUpdate, xReset, xCandidate] = split(sum, 3, 1) as [Tensor, Tensor, Tensor];
    const gate = (input: Tensor, recurrent: Tensor) => openGate(add(input, recurrent), recurrentActivation);
    let update: Tensor;
    let candidate: Tensor;
    if (resetAfter) {
      const product = matMul(h, matrix);
      const recurrent = recurrentBias === undefined ? product : add(product, recurrentBias);
      const [hUpdate, hReset, hCandidate] = split(recurrent, 3, 1) as [Tensor, Tensor, Tensor];
      update = gate(xUpdate, hUpdate);
      candidate = tanh(add(xCandidate, mul(gate(xReset, hReset), hCandidate)));
    } else {
      const [hUpdate, hReset] = split(matMul(h, ofGates), 2, 1) as [Tensor, Tensor];
      update = gate(xUpdate, hUpdate);
      candidate = tanh(add(xCandidate, matMul(mul(gate(xReset, hReset), h), ofCandidate)));
    }
    h = add(mul(update, sub(h, candidate)), candidate);
    return h;
  });
  return [stack(outputs, 1), h];
}
