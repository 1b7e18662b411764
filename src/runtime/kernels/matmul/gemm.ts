import { floatBits } from '../floatBits.ts';
import type { KernelPool } from '../pool.ts';

/**
 * Maps an index to an offset (in values): three digits in the mixed radix (∞, radix1, radix2), each with its stride.
 * See `wasm/gemm/index.ts`.
 */
export interface Axis {
  readonly radix1: number;
  readonly radix2: number;
  readonly strides: readonly [number, number, number];
}

export function linear(stride: number): Axis {
  return { radix1: 1, radix2: 1, strides: [stride, 0, 0] };
}

/** One product C[m, n] = act(Σ_k A[m, k] · B[k, n] + bias[n]); addresses in bytes, strides in values. */
export interface GemmPlan {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly aRows: Axis;
  readonly aCols: Axis;
  readonly bRows: Axis;
  readonly bCols: Axis;
  readonly cRows: Axis;
  /** Address of N bias values; 0 for none. */
  readonly bias?: number;
  readonly activation?: Epilogue;
  readonly curve?: Curve;
  /** Of gelu: address of its slopes, which lie as C does; 0 for none. */
  readonly slopes?: number;
  /** Matrices in the batch, and the distance between two of them; a distance of 0 broadcasts. */
  readonly batch?: { readonly count: number; readonly a: number; readonly b: number; readonly c: number };
}

/** 'line' and 'gate' are limbeck's own: a clipped line that `curve` describes, and the value times that line. */
export const GEMM_ACTIVATIONS = { linear: 0, relu: 1, relu6: 2, line: 3, gate: 4 } as const;
export type GemmActivation = keyof typeof GEMM_ACTIVATIONS;
/** What `wasm/gemm` ends with: a convolution's gradient would not know what to do with the last. */
export const EPILOGUES = { ...GEMM_ACTIVATIONS, gelu: 5 } as const;
type Epilogue = keyof typeof EPILOGUES;

/** shift + clip(slope · x + offset, low, high); a 'gate' multiplies the clipped line by x before the shift. */
export interface Curve {
  readonly slope: number;
  readonly offset: number;
  readonly low: number;
  readonly high: number;
  readonly shift: number;
}

/** The five words of a curve, behind the other words of a kernel. */
export function curveWords(curve: Curve | undefined): number[] {
  const { slope = 0, offset = 0, low = 0, high = 0, shift = 0 } = curve ?? {};
  return [slope, offset, low, high, shift].map(floatBits);
}

export function isGemmActivation(name: unknown): name is GemmActivation {
  return typeof name === 'string' && name in GEMM_ACTIVATIONS;
}

/** Writing the product costs about as much as so many multiply-adds a value: all there is where the depth is 0. */
const WRITING = 4;

export function runGemm(pool: KernelPool, plan: GemmPlan): void {
  const batch = plan.batch ?? { count: 1, a: 0, b: 0, c: 0 };
  pool.run('gemm', wordsOf(plan, batch, 1, 0), plan.m * plan.n * (plan.k + WRITING) * batch.count);
}

/**
 * For products of a small matrix over a long depth, such as filter gradients: the depth is split into chunks of this
 * many values.
 */
const CHUNK_DEPTH = 2048;
const MOST_CHUNKS = 32;

/**
 * The product with its depth split into chunks, so that threads have work if C is small. The number of chunks depends
 * only on the depth, and their sums are added in order: the result does not depend on the thread count. `scratch` must
 * hold `splitScratchBytes`.
 */
export function runGemmSplit(pool: KernelPool, plan: GemmPlan, scratch: number): void {
  const chunks = chunksOf(plan.k);
  if (chunks === 1) {
    runGemm(pool, plan);
    return;
  }
  const words = wordsOf(plan, { count: 1, a: 0, b: 0, c: 0 }, chunks, scratch);
  pool.run('gemm', words, plan.m * plan.n * plan.k);
  pool.run('gemmReduce', words, plan.m * plan.n * chunks);
}

export function splitScratchBytes(m: number, n: number, k: number): number {
  const chunks = chunksOf(k);
  return chunks === 1 ? 0 : chunks * m * n * 4;
}

function chunksOf(k: number): number {
  return Math.min(MOST_CHUNKS, Math.ceil(k / CHUNK_DEPTH));
}

function wordsOf(plan: GemmPlan, batch: NonNullable<GemmPlan['batch']>, chunks: number, partials: number): number[] {
  return [
    plan.a,
    plan.b,
    plan.c,
    plan.bias ?? 0,
    plan.m,
    plan.n,
    plan.k,
    EPILOGUES[plan.activation ?? 'linear'],
    batch.count,
    batch.a,
    batch.b,
    batch.c,
    chunks,
    partials,
    ...[plan.aRows, plan.aCols, plan.bRows, plan.bCols, plan.cRows].flatMap((axis) => [
      axis.radix1,
      axis.radix2,
      ...axis.strides,
    ]),
    ...curveWords(plan.curve),
    plan.slopes ?? 0,
  ];
}
