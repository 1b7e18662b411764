/**
 * Values in another type, as `runtime/kernels/elementwise/cast.ts` numbers them, and integers in equal steps, as
 * `runtime/kernels/elementwise/fill.ts` does. A boolean is one byte, 0 or 1.
 */
const BOOL_TO_FLOAT: i32 = 0;
const BOOL_TO_INT: i32 = 1;
const INT_TO_FLOAT: i32 = 2;
const STEPS_OF_INTS: i32 = 3;

/** Values `first` up to `last`. Steps start at the number given instead of the address `x`. */
export function convert(op: i32, x: usize, step: i32, out: usize, first: i32, last: i32): void {
  let i = <usize>first;
  const end = <usize>last;
  if (op == BOOL_TO_FLOAT) {
    for (; i < end; i++) store<f32>(out + (i << 2), <f32>load<u8>(x + i));
  } else if (op == BOOL_TO_INT) {
    for (; i < end; i++) store<i32>(out + (i << 2), <i32>load<u8>(x + i));
  } else if (op == INT_TO_FLOAT) {
    for (; i + 4 <= end; i += 4) v128.store(out + (i << 2), v128.convert<i32>(v128.load(x + (i << 2))));
    for (; i < end; i++) store<f32>(out + (i << 2), <f32>load<i32>(x + (i << 2)));
  } else if (op == STEPS_OF_INTS) {
    for (; i < end; i++) store<i32>(out + (i << 2), <i32>x + <i32>i * step);
  } else {
    for (; i < end; i++) store<f32>(out + (i << 2), <f32>(<i32>x + <i32>i * step));
  }
}
