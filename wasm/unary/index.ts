/**
 * One function of each value of a tensor. The vector functions are in `math.ts`; the last one to three values go
 * through the same code in a padded vector, so a value does not depend on its position.
 */
import { activate } from '../activation';
import { arg } from '../args';
import { loadTail, multiplyAdd, storeTail } from '../math';
import { bell4, exp4, expm1NotPositive4, log4, mathTable, normalCdf4, sigmoid4, softplus4, tanh4 } from '../mathTable';
import { rangeStart } from '../range';
import { convert } from './convert';

/** The argument block: 32-bit words in this order. `runtime/kernels/elementwise/unary.ts` writes it. */
const X: i32 = 0;
const OUT: i32 = 1;
const COUNT: i32 = 2;
const OP: i32 = 3;
/** An integer, for numbers in equal steps. */
const INTERVAL: i32 = 4;
/** A float in the same place: the slope of leakyRelu and hardSigmoid, the value of step below zero. */
const ALPHA: usize = 16;
/** The five floats of a clipped line. */
const CURVE: usize = 20;

/** As `runtime/kernels/elementwise/unary.ts` numbers them. */
const RELU: i32 = 0;
const RELU6: i32 = 1;
const LEAKY_RELU: i32 = 2;
const ELU: i32 = 3;
const SIGMOID: i32 = 4;
const TANH: i32 = 5;
const EXP: i32 = 6;
const STEP: i32 = 7;
const GELU: i32 = 8;
const GELU_TANH: i32 = 9;
const SILU: i32 = 10;
const HARD_SWISH: i32 = 11;
const HARD_SIGMOID: i32 = 12;
const SQRT: i32 = 13;
const RSQRT: i32 = 14;
/** These two as `../activation` numbers them, from 3 on. */
const LINE: i32 = 15;
const GATE: i32 = 16;
const NEG: i32 = 17;
const SQUARE: i32 = 18;
const ABS: i32 = 19;
const LOG: i32 = 20;
const FLOOR: i32 = 21;
const SOFTPLUS: i32 = 22;
/** From here on conversions, by `./convert`. */
const CONVERT: i32 = 32;

export function unary(args: usize, scratch: usize, part: i32, parts: i32): void {
  const count = arg(args, COUNT);
  const first = rangeStart(count, part, parts);
  const last = rangeStart(count, part + 1, parts);
  const op = arg(args, OP);
  if (op >= CONVERT) {
    convert(op - CONVERT, <usize>arg(args, X), arg(args, INTERVAL), <usize>arg(args, OUT), first, last);
    return;
  }
  const x = <usize>arg(args, X) + (<usize>first << 2);
  const out = <usize>arg(args, OUT) + (<usize>first << 2);
  const alpha = v128.load32_splat(args + ALPHA);
  const table = mathTable(scratch);
  const length = last - first;
  if (op == LINE || op == GATE) {
    curve(x, out, length, op - LINE + 3, args + CURVE);
    return;
  }
  switch (op) {
    case RELU: sweep(RELU, x, out, length, alpha, table); break;
    case RELU6: sweep(RELU6, x, out, length, alpha, table); break;
    case LEAKY_RELU: sweep(LEAKY_RELU, x, out, length, alpha, table); break;
    case ELU: sweep(ELU, x, out, length, alpha, table); break;
    case SIGMOID: sweep(SIGMOID, x, out, length, alpha, table); break;
    case TANH: sweep(TANH, x, out, length, alpha, table); break;
    case EXP: sweep(EXP, x, out, length, alpha, table); break;
    case STEP: sweep(STEP, x, out, length, alpha, table); break;
    case GELU: sweep(GELU, x, out, length, alpha, table); break;
    case GELU_TANH: sweep(GELU_TANH, x, out, length, alpha, table); break;
    case SILU: sweep(SILU, x, out, length, alpha, table); break;
    case HARD_SWISH: sweep(HARD_SWISH, x, out, length, alpha, table); break;
    case HARD_SIGMOID: sweep(HARD_SIGMOID, x, out, length, alpha, table); break;
    case SQRT: sweep(SQRT, x, out, length, alpha, table); break;
    case RSQRT: sweep(RSQRT, x, out, length, alpha, table); break;
    case NEG: sweep(NEG, x, out, length, alpha, table); break;
    case SQUARE: sweep(SQUARE, x, out, length, alpha, table); break;
    case ABS: sweep(ABS, x, out, length, alpha, table); break;
    case LOG: sweep(LOG, x, out, length, alpha, table); break;
    case FLOOR: sweep(FLOOR, x, out, length, alpha, table); break;
    case SOFTPLUS: sweep(SOFTPLUS, x, out, length, alpha, table); break;
  }
}

function curve(x: usize, out: usize, count: i32, activation: i32, at: usize): void {
  for (; count >= 4; count -= 4) {
    v128.store(out, activate(v128.load(x), activation, at));
    x += 16;
    out += 16;
  }
  if (count > 0) storeTail(out, activate(loadTail(x, count, 0), activation, at), count);
}

/** Inlined with a constant `op`, so that each operation has a loop without a branch. */
@inline
function sweep(op: i32, x: usize, out: usize, count: i32, alpha: v128, t: usize): void {
  for (; count >= 4; count -= 4) {
    v128.store(out, apply(op, v128.load(x), alpha, t));
    x += 16;
    out += 16;
  }
  if (count > 0) storeTail(out, apply(op, loadTail(x, count, 0), alpha, t), count);
}

@inline
function apply(op: i32, x: v128, alpha: v128, t: usize): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (op == RELU) return v128.pmax<f32>(x, zero);
  if (op == RELU6) return v128.pmin<f32>(v128.pmax<f32>(x, zero), f32x4.splat(6));
  if (op == LEAKY_RELU) return v128.bitselect(v128.mul<f32>(x, alpha), x, v128.lt<f32>(x, zero));
  if (op == ELU) return v128.bitselect(expm1NotPositive4(x, t), x, v128.lt<f32>(x, zero));
  if (op == SIGMOID) return sigmoid4(x, t);
  if (op == TANH) return tanh4(x, t);
  if (op == EXP) return exp4(x, t);
  if (op == STEP) {
    // For NaN the comparison gives all ones, which is NaN too.
    return v128.or(v128.bitselect(one, alpha, v128.gt<f32>(x, zero)), v128.ne<f32>(x, x));
  }
  if (op == GELU) return v128.mul<f32>(x, normalCdf4(x, bell4(x, t), t));
  if (op == GELU_TANH) return v128.mul<f32>(x, sigmoid4(tanhArgument(x), t));
  if (op == SILU) return v128.mul<f32>(x, sigmoid4(x, t));
  if (op == HARD_SWISH) {
    return v128.mul<f32>(v128.mul<f32>(x, clamp(v128.add<f32>(x, f32x4.splat(3)), 6)), f32x4.splat(<f32>(1.0 / 6.0)));
  }
  if (op == HARD_SIGMOID) return clamp(v128.add<f32>(v128.mul<f32>(x, alpha), f32x4.splat(0.5)), 1);
  if (op == SQRT) return v128.sqrt<f32>(x);
  if (op == NEG) return v128.neg<f32>(x);
  if (op == SQUARE) return v128.mul<f32>(x, x);
  if (op == ABS) return v128.abs<f32>(x);
  if (op == LOG) return log4(x);
  if (op == FLOOR) return v128.floor<f32>(x);
  if (op == SOFTPLUS) return softplus4(x, t);
  return v128.div<f32>(one, v128.sqrt<f32>(x));
}

@inline
function clamp(x: v128, most: f32): v128 {
  return v128.pmin<f32>(v128.pmax<f32>(x, f32x4.splat(0)), f32x4.splat(most));
}

/** 2 √(2/π) (x + 0.044715 x³): (1 + tanh u) / 2 is the sigmoid of 2u. */
@inline
function tanhArgument(x: v128): v128 {
  const cubic = multiplyAdd(v128.mul<f32>(x, x), f32x4.splat(0.07135481282553527), f32x4.splat(1.5957691216057308));
  return v128.mul<f32>(x, cubic);
}
