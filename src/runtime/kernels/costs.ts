import type { WasmKernel } from './module.ts';

/**
 * Nanoseconds that a unit of a kernel's work takes on one thread: what `npm run bench:train -- --profile NAME --rows kernels/relaxed/1`
 * tells of the reference students and of those that learn sequences, all calls of a kernel together (Intel Xeon, Node 20). What a unit is, each kernel's caller says; a processor that is twice as fast is so for all of them.
 */
const UNIT_NS: Readonly<Partial<Record<WasmKernel, number>>> = {
  adamStep: 0.26,
  attention: 0.042,
  attentionGrad: 0.034,
  batchNormApply: 0.18,
  batchNormFinish: 0.38,
  batchNormGradApply: 0.28,
  batchNormGradSums: 0.21,
  batchNormMoments: 0.11,
  binary: 0.2,
  broadcast: 0.3,
  copyStrided: 0.13,
  ctcLoss: 0.49,
  depthwiseBackFilter: 0.091,
  depthwiseBackInput: 0.12,
  depthwiseForward: 0.095,
  depthwiseReduce: 0.17,
  epilogueGrad: 0.49,
  epilogueGradSum: 0.61,
  gatherSlices: 0.13,
  gemm: 0.038,
  gemmReduce: 0.2,
  gradientSquares: 0.38,
  gruSequence: 0.041,
  gruSequenceGrad: 0.04,
  layerNorm: 0.15,
  layerNormGrad: 0.14,
  layerNormGradFinish: 0.51,
  lstmSequence: 0.045,
  lstmSequenceGrad: 0.037,
  maxPool: 0.23,
  maxPoolGrad: 0.67,
  padImages: 0.29,
  recurrentPack: 1,
  recurrentShift: 0.12,
  segmentSum: 0.079,
  softmaxCrossEntropy: 0.54,
  sumColumns: 0.13,
  sumFinish: 0.66,
  sumRows: 0.079,
  unary: 0.15,
  unaryGrad: 0.16,
  winners: 0.73,
  winogradBackFilter: 0.079,
  winogradBackFilterFinish: 0.2,
  winogradFilter: 0.29,
  winogradForward: 0.075,
};

/** For kernels that none of these students needs: about the middle. */
const USUAL_NS = 0.2;

/** Nanoseconds that a call of so much work takes on one thread, about. */
export function costOf(kernel: WasmKernel, work: number): number {
  return work * (UNIT_NS[kernel] ?? USUAL_NS);
}
