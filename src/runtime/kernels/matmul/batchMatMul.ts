import { BatchMatMul, type TensorInfo, util } from '../../tf.ts';
import { isSupported, type Kernel, type KernelContext } from '../kernel.ts';
import { type Curve, type GemmActivation, linear, runGemm } from './gemm.ts';

/**
 * Matrix product, batched and broadcast, with every transposition.
 * Shapes    a [..., M, K] (or [..., K, M] transposed), b [..., K, N] (or [..., N, K]) → [..., M, N]
 * Units     float32
 * Throws    nothing: different inner lengths and other dtypes fall back to tfjs, which reports them
 * Source    tfjs BatchMatMul
 */
export const batchMatMul: Kernel = {
  kernelName: BatchMatMul,
  run: (context, { a, b }, attrs) =>
    product(context, a as TensorInfo, b as TensorInfo, attrs as { transposeA: boolean; transposeB: boolean }),
};

interface ProductOptions {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly bias?: TensorInfo;
  readonly activation?: GemmActivation;
  readonly curve?: Curve;
}

/** The product of two tensors of rank 2 or more, or `undefined` if the kernels do not apply. */
export function product(
  { backend, pool, address }: KernelContext,
  a: TensorInfo,
  b: TensorInfo,
  { transposeA, transposeB, bias, activation = 'linear', curve }: ProductOptions,
): TensorInfo | undefined {
  if (!isSupported(a, b, bias) || a.shape.length < 2 || b.shape.length < 2) return undefined;
  const [aRows, aCols] = a.shape.slice(-2) as [number, number];
  const [bRows, bCols] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [aCols, aRows] : [aRows, aCols];
  const [depth, n] = transposeB ? [bCols, bRows] : [bRows, bCols];
  if (depth !== k) return undefined;
  const outer = outerShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (outer === undefined) return undefined;
  const out = backend.makeOutput([...outer.shape, m, n], 'float32');
  runGemm(pool, {
    a: address(a),
    b: address(b),
    c: address(out),
    m,
    n,
    k,
    aRows: linear(transposeA ? 1 : k),
    aCols: linear(transposeA ? m : 1),
    bRows: linear(transposeB ? 1 : n),
    bCols: linear(transposeB ? k : 1),
    cRows: linear(n),
    bias: bias === undefined ? 0 : address(bias),
    activation,
    curve,
    batch: { count: outer.count, a: outer.isRepeatedA ? 0 : m * k, b: outer.isRepeatedB ? 0 : k * n, c: m * n },
  });
  return out;
}

/** The outer shape if the batches are equal or one side is a single matrix; other broadcasts are left to tfjs. */
function outerShape(a: readonly number[], b: readonly number[]) {
  const countA = util.sizeFromShape([...a]);
  const countB = util.sizeFromShape([...b]);
  const isEqual = a.length === b.length && a.every((length, i) => length === b[i]);
  if (!isEqual && countA !== 1 && countB !== 1) return undefined;
  if (!isEqual && a.length !== b.length) return undefined;
  return {
    shape: countA >= countB ? a : b,
    count: Math.max(countA, countB),
    isRepeatedA: countA === 1,
    isRepeatedB: countB === 1,
  };
}
