// Products of tiles, transformed back into pixels.
import { activate } from '../activation';
import { NR, POINTS, TILE } from './layout';
import { output1, output2, output3 } from './lines';

const POINT: usize = <usize>NR << 2;
const LINE: usize = <usize>POINTS * POINT;

/** Aᵀ over six products a line apart, into four lines of `to`. */
@inline
function firstPass(from: usize, to: usize): void {
  const m1 = v128.load(from, LINE);
  const m2 = v128.load(from, 2 * LINE);
  const m3 = v128.load(from, 3 * LINE);
  const m4 = v128.load(from, 4 * LINE);
  let low = v128.add<f32>(m1, m2);
  let high = v128.add<f32>(m3, m4);
  v128.store(to, v128.add<f32>(v128.add<f32>(v128.load(from), low), high));
  v128.store(to, output2(low, high), 2 * (<usize>POINTS << 4));
  low = v128.sub<f32>(m1, m2);
  high = v128.sub<f32>(m3, m4);
  v128.store(to, output1(low, high), <usize>POINTS << 4);
  v128.store(to, output3(low, high, v128.load(from, 5 * LINE)), 3 * (<usize>POINTS << 4));
}

/** Four channels of one tile: products at `from`, pixels `pixel` and lines of pixels `row` bytes apart. */
@inline
export function outputTile(
  from: usize, lines: usize, to: usize, row: usize, pixel: usize, bias: v128, activation: i32, curve: usize,
): void {
  for (let j: usize = 0; j < <usize>POINTS; j++) firstPass(from + j * POINT, lines + (j << 4));
  for (let i = 0; i < TILE; i++) {
    const m1 = v128.load(lines, 16);
    const m2 = v128.load(lines, 32);
    const m3 = v128.load(lines, 48);
    const m4 = v128.load(lines, 64);
    let low = v128.add<f32>(m1, m2);
    let high = v128.add<f32>(m3, m4);
    const y0 = v128.add<f32>(v128.add<f32>(v128.load(lines), low), high);
    const y2 = output2(low, high);
    low = v128.sub<f32>(m1, m2);
    high = v128.sub<f32>(m3, m4);
    const y1 = output1(low, high);
    const y3 = output3(low, high, v128.load(lines, 80));
    let at = to;
    v128.store(at, activate(v128.add<f32>(y0, bias), activation, curve));
    at += pixel;
    v128.store(at, activate(v128.add<f32>(y1, bias), activation, curve));
    at += pixel;
    v128.store(at, activate(v128.add<f32>(y2, bias), activation, curve));
    v128.store(at + pixel, activate(v128.add<f32>(y3, bias), activation, curve));
    lines += <usize>POINTS << 4;
    to += row;
  }
}
