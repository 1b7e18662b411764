// Random attributes of matrix products.
import fc from 'fast-check';
import { sizeOf } from '../../../core/shape.ts';

/** Multiply-adds: keeps the cpu backend's plain loops short. */
const MATRIX_BUDGET = 1_000_000;

/** Lengths around the register tile (6 × 8) and the blocks (96, 256, 512) of the matrix product. */
const edgeLength = fc.constantFrom(1, 2, 5, 6, 7, 8, 9, 15, 16, 17, 95, 96, 97, 255, 256, 257, 511, 512, 513);
const length = fc.oneof(
  { weight: 3, arbitrary: edgeLength },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 64 }) },
);

export interface ProductAttrs {
  readonly batches: readonly [readonly number[], readonly number[]];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export const productFields = {
  batches: fc.constantFrom<ProductAttrs['batches']>(
    [[], []],
    [[1], [1]],
    [[3], [3]],
    [[1], [4]],
    [[4], [1]],
    [
      [2, 3],
      [2, 3],
    ],
    [
      [2, 2],
      [1, 1],
    ],
  ),
  m: length,
  n: length,
  k: length,
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
};

export function isAffordable({ batches: [a, b], m, n, k }: ProductAttrs): boolean {
  return Math.max(sizeOf(a), sizeOf(b)) * m * n * k <= MATRIX_BUDGET;
}

export function productShapes({ batches: [a, b], m, n, k, transposeA, transposeB }: ProductAttrs): number[][] {
  return [
    [...a, ...(transposeA ? [k, m] : [m, k])],
    [...b, ...(transposeB ? [n, k] : [k, n])],
  ];
}

/** tfjs-wasm itself, to which other activations fall back, adds the bias at wrong places to every other product. */
export const plainProduct: Pick<ProductAttrs, 'batches' | 'transposeA' | 'transposeB'> = {
  batches: [[], []],
  transposeA: false,
  transposeB: false,
};
