/**
 * Gradients of the functions in `unary`: one pass over what was saved (x or y, as tfjs saves it) and dy. Where tfjs
 * multiplies by a mask, so does this: NaN and infinite values give the same results.
 */
import { arg } from '../args';
import { loadTail, multiplyAdd, storeTail } from '../math';
import { bell4, expNotPositive4, mathTable, normalCdf4, normalDensity4 } from '../mathTable';
import { rangeStart } from '../range';

/** The argument block: 32-bit words in this order. `runtime/kernels/elementwise/unaryGrad.ts` writes it. */
const SAVED: i32 = 0;
const DY: i32 = 1;
const DX: i32 = 2;
const COUNT: i32 = 3;
const OP: i32 = 4;
/** A float: the slope of leakyRelu and hardSigmoid. */
const ALPHA: usize = 20;

/** As `runtime/kernels/elementwise/unaryGrad.ts` numbers them. */
const RELU: i32 = 0;
const RELU6: i32 = 1;
const LEAKY_RELU: i32 = 2;
const ELU: i32 = 3;
const SIGMOID: i32 = 4;
const TANH: i32 = 5;
const GELU: i32 = 6;
const GELU_TANH: i32 = 7;
const SILU: i32 = 8;
const HARD_SWISH: i32 = 9;
const HARD_SIGMOID: i32 = 10;
const RSQRT: i32 = 11;

export function unaryGrad(args: usize, scratch: usize, part: i32, parts: i32): void {
  const count = arg(args, COUNT);
  const first = rangeStart(count, part, parts);
  const length = rangeStart(count, part + 1, parts) - first;
  const offset = <usize>first << 2;
  const saved = <usize>arg(args, SAVED) + offset;
  const dy = <usize>arg(args, DY) + offset;
  const dx = <usize>arg(args, DX) + offset;
  const alpha = v128.load32_splat(args + ALPHA);
  const table = mathTable(scratch);
  switch (arg(args, OP)) {
    case RELU: sweep(RELU, saved, dy, dx, length, alpha, table); break;
    case RELU6: sweep(RELU6, saved, dy, dx, length, alpha, table); break;
    case LEAKY_RELU: sweep(LEAKY_RELU, saved, dy, dx, length, alpha, table); break;
    case ELU: sweep(ELU, saved, dy, dx, length, alpha, table); break;
    case SIGMOID: sweep(SIGMOID, saved, dy, dx, length, alpha, table); break;
    case TANH: sweep(TANH, saved, dy, dx, length, alpha, table); break;
    case GELU: sweep(GELU, saved, dy, dx, length, alpha, table); break;
    case GELU_TANH: sweep(GELU_TANH, saved, dy, dx, length, alpha, table); break;
    case SILU: sweep(SILU, saved, dy, dx, length, alpha, table); break;
    case HARD_SWISH: sweep(HARD_SWISH, saved, dy, dx, length, alpha, table); break;
    case HARD_SIGMOID: sweep(HARD_SIGMOID, saved, dy, dx, length, alpha, table); break;
    case RSQRT: sweep(RSQRT, saved, dy, dx, length, alpha, table); break;
  }
}

@inline
function sweep(op: i32, saved: usize, dy: usize, dx: usize, count: i32, alpha: v128, t: usize): void {
  for (; count >= 4; count -= 4) {
    v128.store(dx, apply(op, v128.load(saved), v128.load(dy), alpha, t));
    saved += 16;
    dy += 16;
    dx += 16;
  }
  if (count > 0) storeTail(dx, apply(op, loadTail(saved, count, 0), loadTail(dy, count, 0), alpha, t), count);
}

/** `v` is y for elu, sigmoid and tanh, and x for the others. */
@inline
function apply(op: i32, v: v128, dy: v128, alpha: v128, t: usize): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (op == LEAKY_RELU) return v128.bitselect(dy, v128.mul<f32>(dy, alpha), v128.gt<f32>(v, zero));
  return v128.mul<f32>(dy, slope(op, v, alpha, zero, one, t));
}

@inline
function slope(op: i32, v: v128, alpha: v128, zero: v128, one: v128, t: usize): v128 {
  if (op == RELU) return oneWhere(v128.gt<f32>(v, zero), v, one);
  if (op == RELU6) return oneWhere(v128.and(v128.gt<f32>(v, zero), v128.le<f32>(v, f32x4.splat(6))), v, one);
  if (op == ELU) return v128.bitselect(one, v128.add<f32>(v, one), v128.ge<f32>(v, zero));
  if (op == SIGMOID) return v128.mul<f32>(v, v128.sub<f32>(one, v));
  if (op == TANH) return v128.sub<f32>(one, v128.mul<f32>(v, v));
  if (op == GELU) {
    const bell = bell4(v, t);
    return multiplyAdd(v, normalDensity4(bell), normalCdf4(v, bell, t));
  }
  if (op == GELU_TANH) {
    const square = v128.mul<f32>(v, v);
    const u = v128.mul<f32>(v, multiplyAdd(square, f32x4.splat(0.07135481282553527), f32x4.splat(1.5957691216057308)));
    const slopeOfU = multiplyAdd(square, f32x4.splat(0.2140644384766058), f32x4.splat(1.5957691216057308));
    return sloped(v, u, slopeOfU, one, t);
  }
  if (op == SILU) return sloped(v, v, one, one, t);
  if (op == RSQRT) return v128.div<f32>(f32x4.splat(-0.5), v128.mul<f32>(v, v128.sqrt<f32>(v)));
  if (op == HARD_SWISH) {
    const within = multiplyAdd(v, f32x4.splat(<f32>(1.0 / 3.0)), f32x4.splat(0.5));
    const above = v128.bitselect(one, within, v128.gt<f32>(v, f32x4.splat(3)));
    return v128.andnot(above, v128.lt<f32>(v, f32x4.splat(-3)));
  }
  const y = v128.add<f32>(v128.mul<f32>(v, alpha), f32x4.splat(0.5));
  return v128.and(alpha, v128.and(v128.ge<f32>(y, zero), v128.le<f32>(y, one)));
}

/** 1 or 0, and NaN if v is NaN: its comparison gives all ones. */
@inline
function oneWhere(mask: v128, v: v128, one: v128): v128 {
  return v128.or(v128.and(mask, one), v128.ne<f32>(v, v));
}

/**
 * The slope of x · σ(u(x)): σ + x u′ σ (1 − σ). From e^(−|u|), because 1 − σ itself keeps few digits where σ is near one,
 * and x u′ is large there.
 */
@inline
function sloped(x: v128, u: v128, slopeOfU: v128, one: v128, t: usize): v128 {
  const e = expNotPositive4(v128.neg<f32>(v128.abs<f32>(u)), t);
  const large = v128.div<f32>(one, v128.add<f32>(one, e));
  const small = v128.mul<f32>(e, large);
  const s = v128.bitselect(small, large, v128.lt<f32>(u, f32x4.splat(0)));
  return multiplyAdd(v128.mul<f32>(x, slopeOfU), v128.mul<f32>(large, small), s);
}
