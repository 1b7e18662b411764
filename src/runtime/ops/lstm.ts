import type { RecurrentActivation } from '../kernels/recurrent/recurrent.ts';
import { add, engine, matMul, mul, type NamedTensorMap, split, stack, type Tensor, tanh, tidy, zeros } from '../tf.ts';
import { hasKernel } from './kernelOr.ts';
import { checkSequence, openGate, stepSums } from './recurrentSteps.ts';

export interface LstmWeights {
  /** [F, 4U], its gates in the order input, forget, candidate, output. */
  readonly kernel: Tensor;
  /** [U, 4U] */
  readonly recurrentKernel: Tensor;
  /** [4U] */
  readonly bias?: Tensor;
}

export interface LstmOptions {
  /** 'sigmoid' as everywhere but in tfjs-layers, whose default is 'hardSigmoid'. */
  readonly recurrentActivation?: RecurrentActivation;
  /** The output and the cell before the first step, [B, U] each; default zero. */
  readonly initialState?: { readonly h: Tensor; readonly c: Tensor };
}

export interface LstmResult {
  /** Of every step, [B, T, U]. */
  readonly outputs: Tensor;
  readonly lastOutput: Tensor;
  readonly lastCell: Tensor;
}

/**
 * A long short-term memory over whole sequences x [B, T, F]; one kernel call if kernels are installed.
 * Throws    shape-mismatch
 * Source    Hochreiter, Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; gates as in tfjs-layers' LSTMCell
 */
export function lstm(
  x: Tensor,
  { kernel, recurrentKernel, bias }: LstmWeights,
  { recurrentActivation = 'sigmoid', initialState }: LstmOptions = {},
): LstmResult {
  const given = { x, kernel, recurrentKernel, ...(bias && { bias }) };
  const states = initialState && { h0: initialState.h, c0: initialState.c };
  const { batch, units } = checkSequence({ ...given, ...states }, 4);
  return tidy(() => {
    const { h0, c0 } = states ?? { h0: zeros([batch, units]), c0: zeros([batch, units]) };
    const inputs: NamedTensorMap = { ...given, h0, c0 };
    const [outputs, lastOutput, lastCell] = hasKernel('LstmSequence', ...Object.values(inputs))
      ? (engine().runKernel('LstmSequence', inputs, { recurrentActivation }) as Tensor[])
      : composed(stepSums(x, kernel, bias), recurrentKernel, h0, c0, recurrentActivation);
    return { outputs, lastOutput, lastCell } as { [name in keyof LstmResult]: Tensor };
  });
}

function composed(
  sums: readonly Tensor[],
  recurrentKernel: Tensor,
  h0: Tensor,
  c0: Tensor,
  activation: RecurrentActivation,
): Tensor[] {
  let [h, c] = [h0, c0];
  const outputs = sums.map((sum) => {
    const gates = split(add(sum, matMul(h, recurrentKernel)), 4, 1) as [Tensor, Tensor, Tensor, Tensor];
    const [input, forget, candidate, output] = gates;
    const kept = mul(openGate(forget, activation), c);
    c = add(kept, mul(openGate(input, activation), tanh(candidate)));
    h = mul(openGate(output, activation), tanh(c));
    return h;
  });
  return [stack(outputs, 1), h, c];
}
