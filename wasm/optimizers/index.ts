/**
 * One step of an optimizer over all parameters of a model, in place. A part takes a run of the table's rows, so no two
 * threads write the same element. The formulas are those of `runtime/ops/optimizerStep.ts`, operation by operation.
 */
import { adamAt, lambUpdate, lionAt, momentsAt, momentumAt, sgdAt } from './formulas';
import { addSquares, total } from './sums';
import {
  allBytes, BETA1, BETA2, COUPLED, DECOUPLED, EPSILON, firstRow, GRADIENTS, put, RATE, REST1, REST2, ROOT_SCALE,
  ROW_BYTES, ROW_RATE, SCALE, SLOT0, SLOT1, splat, SUM0, SUM1, take, times, WEIGHTS, wholeBytes,
} from './table';

/** Leaves each row's sum of squared gradients in SUM0. It is finite if every gradient is. */
export function gradientSquares(args: usize, scratch: usize, part: i32, parts: i32): void {
  const end = firstRow(args, part + 1, parts);
  for (let row = firstRow(args, part, parts); row < end; row += ROW_BYTES) {
    const g = <usize>load<u32>(row, GRADIENTS);
    const whole = wholeBytes(row);
    const all = allBytes(row);
    let even = f64x2.splat(0);
    let odd = f64x2.splat(0);
    let at: usize = 0;
    for (; at + 16 < whole; at += 32) {
      even = addSquares(even, v128.load(g + at));
      odd = addSquares(odd, v128.load(g + at, 16));
    }
    for (; at < whole; at += 16) even = addSquares(even, v128.load(g + at));
    for (; at < all; at += 4) odd = addSquares(odd, v128.load32_zero(g + at));
    store<f64>(row, total(v128.add<f64>(even, odd)), SUM0);
  }
}

/** w −= rate · g */
export function sgdStep(args: usize, scratch: usize, part: i32, parts: i32): void {
  const scale = splat(args, SCALE);
  const rate = splat(args, RATE);
  const end = firstRow(args, part + 1, parts);
  for (let row = firstRow(args, part, parts); row < end; row += ROW_BYTES) {
    const w = <usize>load<u32>(row, WEIGHTS);
    const g = <usize>load<u32>(row, GRADIENTS);
    const coupled = v128.load32_splat(row, COUPLED);
    const whole = wholeBytes(row);
    const all = allBytes(row);
    let at: usize = 0;
    for (; at < whole; at += 16) sgdAt(w + at, g + at, scale, rate, coupled, false);
    for (; at < all; at += 4) sgdAt(w + at, g + at, scale, rate, coupled, true);
  }
}

/** a = β₁ · a + g; w −= rate · a */
export function momentumStep(args: usize, scratch: usize, part: i32, parts: i32): void {
  momentumRows(args, part, parts, false);
}

/** a = β₁ · a + g; w −= rate · (g + β₁ · a) */
export function nesterovStep(args: usize, scratch: usize, part: i32, parts: i32): void {
  momentumRows(args, part, parts, true);
}

@inline
function momentumRows(args: usize, part: i32, parts: i32, looksAhead: bool): void {
  const scale = splat(args, SCALE);
  const rate = splat(args, RATE);
  const beta = splat(args, BETA1);
  const end = firstRow(args, part + 1, parts);
  for (let row = firstRow(args, part, parts); row < end; row += ROW_BYTES) {
    const w = <usize>load<u32>(row, WEIGHTS);
    const g = <usize>load<u32>(row, GRADIENTS);
    const a = <usize>load<u32>(row, SLOT0);
    const coupled = v128.load32_splat(row, COUPLED);
    const whole = wholeBytes(row);
    const all = allBytes(row);
    let at: usize = 0;
    for (; at < whole; at += 16) momentumAt(w + at, g + at, a + at, scale, rate, beta, coupled, looksAhead, false);
    for (; at < all; at += 4) momentumAt(w + at, g + at, a + at, scale, rate, beta, coupled, looksAhead, true);
  }
}

/** m = β₁ m + (1 − β₁) g; v = β₂ v + (1 − β₂) g²; w −= rate · m / (√v · rootScale + ε) + decay · w */
export function adamStep(args: usize, scratch: usize, part: i32, parts: i32): void {
  const scale = splat(args, SCALE);
  const rate = splat(args, RATE);
  const beta1 = splat(args, BETA1);
  const rest1 = splat(args, REST1);
  const beta2 = splat(args, BETA2);
  const rest2 = splat(args, REST2);
  const root = splat(args, ROOT_SCALE);
  const epsilon = splat(args, EPSILON);
  const end = firstRow(args, part + 1, parts);
  for (let row = firstRow(args, part, parts); row < end; row += ROW_BYTES) {
    const w = <usize>load<u32>(row, WEIGHTS);
    const g = <usize>load<u32>(row, GRADIENTS);
    const m = <usize>load<u32>(row, SLOT0);
    const v = <usize>load<u32>(row, SLOT1);
    const coupled = v128.load32_splat(row, COUPLED);
    const decay = v128.load32_splat(row, DECOUPLED);
    const whole = wholeBytes(row);
    const all = allBytes(row);
    let at: usize = 0;
    for (; at < whole; at += 16) {
      adamAt(w + at, g + at, m + at, v + at, scale, rate, beta1, rest1, beta2, rest2, root, epsilon, coupled, decay, false);
    }
    for (; at < all; at += 4) {
      adamAt(w + at, g + at, m + at, v + at, scale, rate, beta1, rest1, beta2, rest2, root, epsilon, coupled, decay, true);
    }
  }
}

/** The moments as Adam has them; leaves the sums of squares of a row's weights and of its update in SUM0 and SUM1. */
export function lambMoments(args: usize, scratch: usize, part: i32, parts: i32): void {
  const scale = splat(args, SCALE);
  const beta1 = splat(args, BETA1);
  const rest1 = splat(args, REST1);
  const beta2 = splat(args, BETA2);
  const rest2 = splat(args, REST2);
  const end = firstRow(args, part + 1, parts);
  for (let row = firstRow(args, part, parts); row < end; row += ROW_BYTES) {
    const w = <usize>load<u32>(row, WEIGHTS);
    const g = <usize>load<u32>(row, GRADIENTS);
    const m = <usize>load<u32>(row, SLOT0);
    const v = <usize>load<u32>(row, SLOT1);
    const whole = wholeBytes(row);
    const all = allBytes(row);
    let weightSquares = f64x2.splat(0);
    let updateSquares = f64x2.splat(0);
    let at: usize = 0;
    while (at < all) {
      const isOne = at >= whole;
      momentsAt(g + at, m + at, v + at, scale, beta1, rest1, beta2, rest2, isOne);
      const weights = take(w + at, isOne);
      weightSquares = addSquares(weightSquares, weights);
      updateSquares = addSquares(updateSquares, lambUpdate(args, row, weights, m + at, v + at, isOne));
      at += isOne ? 4 : 16;
    }
    store<f64>(row, total(weightSquares), SUM0);
    store<f64>(row, total(updateSquares), SUM1);
  }
}

/** w −= the row's rate · update */
export function lambStep(args: usize, scratch: usize, part: i32, parts: i32): void {
  const end = firstRow(args, part + 1, parts);
  for (let row = firstRow(args, part, parts); row < end; row += ROW_BYTES) {
    const w = <usize>load<u32>(row, WEIGHTS);
    const m = <usize>load<u32>(row, SLOT0);
    const v = <usize>load<u32>(row, SLOT1);
    const rate = v128.load32_splat(row, ROW_RATE);
    const whole = wholeBytes(row);
    const all = allBytes(row);
    let at: usize = 0;
    while (at < all) {
      const isOne = at >= whole;
      const weights = take(w + at, isOne);
      const update = lambUpdate(args, row, weights, m + at, v + at, isOne);
      put(w + at, v128.sub<f32>(weights, times(update, rate)), isOne);
      at += isOne ? 4 : 16;
    }
  }
}

/** w −= rate · sign(β₁ m + (1 − β₁) g) + decay · w; m = β₂ m + (1 − β₂) g */
export function lionStep(args: usize, scratch: usize, part: i32, parts: i32): void {
  const scale = splat(args, SCALE);
  const rate = splat(args, RATE);
  const beta1 = splat(args, BETA1);
  const rest1 = splat(args, REST1);
  const beta2 = splat(args, BETA2);
  const rest2 = splat(args, REST2);
  const end = firstRow(args, part + 1, parts);
  for (let row = firstRow(args, part, parts); row < end; row += ROW_BYTES) {
    const w = <usize>load<u32>(row, WEIGHTS);
    const g = <usize>load<u32>(row, GRADIENTS);
    const m = <usize>load<u32>(row, SLOT0);
    const decay = v128.load32_splat(row, DECOUPLED);
    const whole = wholeBytes(row);
    const all = allBytes(row);
    let at: usize = 0;
    for (; at < whole; at += 16) {
      lionAt(w + at, g + at, m + at, scale, rate, beta1, rest1, beta2, rest2, decay, false);
    }
    for (; at < all; at += 4) lionAt(w + at, g + at, m + at, scale, rate, beta1, rest1, beta2, rest2, decay, true);
  }
}
