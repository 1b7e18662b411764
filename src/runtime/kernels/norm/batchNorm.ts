import { sizeOf } from '../../../core/shape.ts';
import type { TensorInfo } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type KernelContext } from '../kernel.ts';
import { GEMM_ACTIVATIONS } from '../matmul/gemm.ts';
import type { WasmKernel } from '../module.ts';
import { columnPlan } from '../reduce/columns.ts';

/** The tensors of a batch normalisation, in the order of the argument block (`wasm/batch-norm/words.ts`). */
const OPERANDS = [
  'x',
  'dy',
  'out',
  'gamma',
  'beta',
  'mean',
  'variance',
  'dGamma',
  'dBeta',
  'dMean',
  'dVariance',
] as const;

type BatchNormOperands = Partial<Record<(typeof OPERANDS)[number], TensorInfo>> & { readonly x: TensorInfo };

/** Two doubles for each chunk and folded column, up to six floats for each folded column. */
const PARTIAL_BYTES = 16;
const COEFFICIENT_BYTES = 24;

/** What may follow a normalisation in the same passes over memory. */
export type NormActivation = 'linear' | 'relu' | 'relu6';

export interface BatchNormEnd {
  readonly activation: NormActivation;
  /** Factor and summand of each channel, [2, C]: a result forward, an input of the gradient. */
  readonly slopes: TensorInfo;
}

/** The steps of a batch normalisation, run one after the other. */
export interface BatchNormSteps {
  /** Sums over chunks of rows, if the statistics are not given. */
  readonly sums?: WasmKernel;
  /** Statistics and coefficients of each channel. */
  readonly coefficients: WasmKernel;
  readonly apply: WasmKernel;
}

export function runBatchNorm(
  { pool, address }: KernelContext,
  operands: BatchNormOperands,
  epsilon: number,
  { sums, coefficients, apply }: BatchNormSteps,
  end?: BatchNormEnd,
): void {
  const channels = operands.x.shape.at(-1) as number;
  const size = sizeOf(operands.x.shape);
  const { rows, period, rest, chunks } = columnPlan(size / channels, channels);
  const partialBytes = sums === undefined ? 0 : chunks * period * PARTIAL_BYTES;
  const partials = pool.scratch(partialBytes + period * COEFFICIENT_BYTES);
  const words = [
    ...OPERANDS.map((name) => (operands[name] === undefined ? 0 : address(operands[name]))),
    partials,
    partials + partialBytes,
    channels,
    rows,
    period,
    rest,
    chunks,
    floatBits(epsilon),
    size / channels,
    GEMM_ACTIVATIONS[end?.activation ?? 'linear'],
    end === undefined ? 0 : address(end.slopes),
  ];
  if (sums !== undefined) pool.run(sums, words, size * 2);
  pool.run(coefficients, words, period * chunks * 4);
  pool.run(apply, words, size * 2);
}

/** Whether tensors are float vectors with one value for each channel of x. */
export function isByChannel(x: TensorInfo, ...vectors: readonly (TensorInfo | undefined | null)[]): boolean {
  const channels = x.shape.at(-1);
  return vectors.every(
    (vector) =>
      vector === undefined ||
      vector === null ||
      (vector.shape.length === 1 && vector.shape[0] === channels && isSupported(vector)),
  );
}
