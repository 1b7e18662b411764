// The inner loops of the packed convolution: six neighbouring outputs of four channels, one line of taps at a time, with
// the taps of the line and the sums in registers, and every value loaded once for all the outputs that it reaches.
import { activate, bend, LINE } from '../activation';
import { multiplyAdd } from '../math';

/** How many outputs are computed at once; a shorter line computes some that are not stored. */
export const STRIP: i32 = 6;

/** Five taps a line, windows moved by one. */
export function fiveByOneStrip(
  p: usize, w: usize, line: usize, lines: i32, out: usize, step: usize, bias: v128, activation: i32, curve: usize, count: i32,
): void {
  let a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias;
  for (; lines > 0; lines--) {
    const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48), w4 = v128.load(w, 64);
    let x = v128.load(p);
    a0 = multiplyAdd(x, w0, a0);
    x = v128.load(p, 16);
    a0 = multiplyAdd(x, w1, a0);
    a1 = multiplyAdd(x, w0, a1);
    x = v128.load(p, 32);
    a0 = multiplyAdd(x, w2, a0);
    a1 = multiplyAdd(x, w1, a1);
    a2 = multiplyAdd(x, w0, a2);
    x = v128.load(p, 48);
    a0 = multiplyAdd(x, w3, a0);
    a1 = multiplyAdd(x, w2, a1);
    a2 = multiplyAdd(x, w1, a2);
    a3 = multiplyAdd(x, w0, a3);
    x = v128.load(p, 64);
    a0 = multiplyAdd(x, w4, a0);
    a1 = multiplyAdd(x, w3, a1);
    a2 = multiplyAdd(x, w2, a2);
    a3 = multiplyAdd(x, w1, a3);
    a4 = multiplyAdd(x, w0, a4);
    x = v128.load(p, 80);
    a1 = multiplyAdd(x, w4, a1);
    a2 = multiplyAdd(x, w3, a2);
    a3 = multiplyAdd(x, w2, a3);
    a4 = multiplyAdd(x, w1, a4);
    a5 = multiplyAdd(x, w0, a5);
    x = v128.load(p, 96);
    a2 = multiplyAdd(x, w4, a2);
    a3 = multiplyAdd(x, w3, a3);
    a4 = multiplyAdd(x, w2, a4);
    a5 = multiplyAdd(x, w1, a5);
    x = v128.load(p, 112);
    a3 = multiplyAdd(x, w4, a3);
    a4 = multiplyAdd(x, w3, a4);
    a5 = multiplyAdd(x, w2, a5);
    x = v128.load(p, 128);
    a4 = multiplyAdd(x, w4, a4);
    a5 = multiplyAdd(x, w3, a5);
    x = v128.load(p, 144);
    a5 = multiplyAdd(x, w4, a5);
    p += line;
    w += 80;
  }
  finish(a0, a1, a2, a3, a4, a5, out, step, activation, curve, count);
}

/** Five taps a line, windows moved by two. */
export function fiveByTwoStrip(
  p: usize, w: usize, line: usize, lines: i32, out: usize, step: usize, bias: v128, activation: i32, curve: usize, count: i32,
): void {
  let a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias;
  for (; lines > 0; lines--) {
    const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48), w4 = v128.load(w, 64);
    let x = v128.load(p);
    a0 = multiplyAdd(x, w0, a0);
    x = v128.load(p, 16);
    a0 = multiplyAdd(x, w1, a0);
    x = v128.load(p, 32);
    a0 = multiplyAdd(x, w2, a0);
    a1 = multiplyAdd(x, w0, a1);
    x = v128.load(p, 48);
    a0 = multiplyAdd(x, w3, a0);
    a1 = multiplyAdd(x, w1, a1);
    x = v128.load(p, 64);
    a0 = multiplyAdd(x, w4, a0);
    a1 = multiplyAdd(x, w2, a1);
    a2 = multiplyAdd(x, w0, a2);
    x = v128.load(p, 80);
    a1 = multiplyAdd(x, w3, a1);
    a2 = multiplyAdd(x, w1, a2);
    x = v128.load(p, 96);
    a1 = multiplyAdd(x, w4, a1);
    a2 = multiplyAdd(x, w2, a2);
    a3 = multiplyAdd(x, w0, a3);
    x = v128.load(p, 112);
    a2 = multiplyAdd(x, w3, a2);
    a3 = multiplyAdd(x, w1, a3);
    x = v128.load(p, 128);
    a2 = multiplyAdd(x, w4, a2);
    a3 = multiplyAdd(x, w2, a3);
    a4 = multiplyAdd(x, w0, a4);
    x = v128.load(p, 144);
    a3 = multiplyAdd(x, w3, a3);
    a4 = multiplyAdd(x, w1, a4);
    x = v128.load(p, 160);
    a3 = multiplyAdd(x, w4, a3);
    a4 = multiplyAdd(x, w2, a4);
    a5 = multiplyAdd(x, w0, a5);
    x = v128.load(p, 176);
    a4 = multiplyAdd(x, w3, a4);
    a5 = multiplyAdd(x, w1, a5);
    x = v128.load(p, 192);
    a4 = multiplyAdd(x, w4, a4);
    a5 = multiplyAdd(x, w2, a5);
    x = v128.load(p, 208);
    a5 = multiplyAdd(x, w3, a5);
    x = v128.load(p, 224);
    a5 = multiplyAdd(x, w4, a5);
    p += line;
    w += 80;
  }
  finish(a0, a1, a2, a3, a4, a5, out, step, activation, curve, count);
}

@inline
function finish(
  a0: v128, a1: v128, a2: v128, a3: v128, a4: v128, a5: v128, out: usize, step: usize, activation: i32, curve: usize,
  count: i32,
): void {
  if (activation >= LINE) {
    // The numbers of the curve are loaded once for all six.
    const a = v128.load32_splat(curve), b = v128.load32_splat(curve, 4), low = v128.load32_splat(curve, 8);
    const high = v128.load32_splat(curve, 12), shift = v128.load32_splat(curve, 16);
    a0 = bend(a0, activation, a, b, low, high, shift);
    a1 = bend(a1, activation, a, b, low, high, shift);
    a2 = bend(a2, activation, a, b, low, high, shift);
    a3 = bend(a3, activation, a, b, low, high, shift);
    a4 = bend(a4, activation, a, b, low, high, shift);
    a5 = bend(a5, activation, a, b, low, high, shift);
  } else if (activation) {
    a0 = activate(a0, activation, curve);
    a1 = activate(a1, activation, curve);
    a2 = activate(a2, activation, curve);
    a3 = activate(a3, activation, curve);
    a4 = activate(a4, activation, curve);
    a5 = activate(a5, activation, curve);
  }
  v128.store(out, a0);
  if (count == 1) return;
  v128.store(out + step, a1);
  if (count == 2) return;
  v128.store(out + 2 * step, a2);
  if (count == 3) return;
  v128.store(out + 3 * step, a3);
  if (count == 4) return;
  v128.store(out + 4 * step, a4);
  if (count == 5) return;
  v128.store(out + 5 * step, a5);
}
