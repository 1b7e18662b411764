/** Activations that end a product or a convolution, as `runtime/kernels/gemm.ts` numbers them; 0 is none. */
export const RELU6: i32 = 2;

/** pmax and pmin pick their first operand when the other is NaN or equal, so NaN in x survives. */
@inline
export function activate(x: v128, activation: i32): v128 {
  if (activation == 0) return x;
  const positive = v128.pmax<f32>(x, f32x4.splat(0));
  return activation == RELU6 ? v128.pmin<f32>(positive, f32x4.splat(6)) : positive;
}
