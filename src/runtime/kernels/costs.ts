import type { WasmKernel } from './module.ts';

/**
 * Nanoseconds that a unit of a kernel's work takes on one thread, over all its calls in a step of each reference student and of each
 * that learns sequences (Intel Xeon, Node 20; of every call the least of eleven). `npm run bench:train -- --profile NAME --rows
 * kernels/relaxed/1`, with `--sequences` for the latter, tells them in Chromium. What a unit is, each kernel's caller says; a processor
 * that is twice as fast is so for all of them.
 */
const UNIT_NS: Readonly<Partial<Record<WasmKernel, number>>> = {
  attention: 0.042,
  attentionGrad: 0.034,
  batchNormFinish: 0.38,
  batchNormMoments: 0.11,
  copyStrided: 0.13,
  ctcLoss: 0.49,
  depthwiseBackFilter: 0.091,
  depthwiseBackInput: 0.12,
  depthwiseForward: 0.095,
  epilogueGrad: 0.49,
  epilogueGradSum: 0.61,
  gatherSlices: 0.13,
  gemm: 0.038,
  gradientSquares: 0.38,
  gruSequence: 0.041,
  gruSequenceGrad: 0.04,
  layerNormGradFinish: 0.51,
  lstmSequence: 0.045,
  lstmSequenceGrad: 0.037,
  maxPoolGrad: 0.67,
  recurrentPack: 1,
  recurrentShift: 0.12,
  segmentSum: 0.079,
  softmaxCrossEntropy: 0.54,
  sumColumns: 0.13,
  sumFinish: 0.66,
  sumRows: 0.079,
  winners: 0.73,
  winogradBackFilter: 0.079,
  winogradForward: 0.075,
};

/** What is left out took 0.14 to 0.29, or none of these students needs it. */
const USUAL_NS = 0.2;

/** Nanoseconds that a call of so much work takes on one thread, about. */
export function costOf(kernel: WasmKernel, work: number): number {
  return work * (UNIT_NS[kernel] ?? USUAL_NS);
}

/** What prepares nothing for itself can be cut finer than into a part for each thread. */
const FINE: ReadonlySet<WasmKernel> = new Set([
  ...([
    'unary',
    'unaryGrad',
    'binary',
    'addN',
    'batchNormApply',
    'batchNormGradApply',
    'layerNorm',
    'softmax',
  ] as const),
  ...(['depthwiseForward', 'depthwiseBackInput', 'winogradForward', 'gemm', 'adamStep'] as const),
]);
/** Nanoseconds of a part; a hundred of what it costs to take one. */
const LEAST_PART_NS = 50_000;
const MOST_OWN_PARTS = 4;
/** Of a call: as `wasm/pool` has it, a bit for each. */
export const MOST_PARTS = 32;

/** A product's part packs what is not cut, so it has at least so many rows. */
const LEAST_ROWS = 192;
/** Where the argument block of a product has these; see `matmul/gemm.ts`. */
const [M, N, BATCH, CHUNKS] = [4, 5, 8, 12];

/** How many parts of a call are each thread's own. */
export function ownParts(kernel: WasmKernel, words: readonly number[], work: number, threads: number): number {
  if (!FINE.has(kernel)) return 1;
  const most = Math.min(MOST_PARTS, kernel === 'gemm' ? productParts(words) : MOST_PARTS) / threads;
  const paid = costOf(kernel, work) / threads / LEAST_PART_NS;
  return Math.max(1, Math.floor(Math.min(MOST_OWN_PARTS, most, paid)));
}

function productParts(words: readonly number[]): number {
  const [m = 0, n = 0, batch = 0, chunks = 0] = [M, N, BATCH, CHUNKS].map((at) => words[at]);
  if (chunks > 1) return chunks;
  return batch === 1 && n >= 2 * m ? 1 : (m * batch) / LEAST_ROWS;
}
