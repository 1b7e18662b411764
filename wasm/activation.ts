import { multiplyAdd } from './math';

/** Activations that end a product or a convolution, as `runtime/kernels/matmul/gemm.ts` numbers them; 0 is none. */
export const RELU: i32 = 1;
export const RELU6: i32 = 2;
/** A clipped line, shift + clip(a·x + b, low, high), and x times that line: HardSigmoid, Clip, HardSwish and their kin. */
export const LINE: i32 = 3;
const GATE: i32 = 4;

/**
 * `curve` is the address of five floats that only the clipped lines read: a, b, low, high, shift.
 * pmax and pmin pick their first operand when the other is NaN or equal, so NaN in x survives.
 */
@inline
export function activate(x: v128, activation: i32, curve: usize): v128 {
  if (activation == 0) return x;
  if (activation >= LINE) {
    return bend(
      x, activation, v128.load32_splat(curve), v128.load32_splat(curve, 4), v128.load32_splat(curve, 8),
      v128.load32_splat(curve, 12), v128.load32_splat(curve, 16),
    );
  }
  const positive = v128.pmax<f32>(x, f32x4.splat(0));
  return activation == RELU6 ? v128.pmin<f32>(positive, f32x4.splat(6)) : positive;
}

/** A clipped line, or x times it, of numbers that were loaded before. */
@inline
export function bend(x: v128, activation: i32, a: v128, b: v128, low: v128, high: v128, shift: v128): v128 {
  const line = v128.pmin<f32>(v128.pmax<f32>(multiplyAdd(x, a, b), low), high);
  return activation == GATE ? multiplyAdd(x, line, shift) : v128.add<f32>(line, shift);
}
