// Sums of a batch normalisation over the rows of one chunk.
import { multiplyAdd } from '../math';
import { BLOCK_ROWS, GROUP } from '../reduce/columns';
import { high, low } from '../reduce/lanes';

/**
 * One pass: a block's distances are taken in float32 from the mean of the block before. What that costs in accuracy is
 * bounded by the variance itself, because neighbouring blocks cannot lie further apart than the data spread, however
 * large the mean.
 */
export function momentsOfGroup(x: usize, origin: usize, rowBytes: usize, rows: i32, sums: usize, squares: usize): void {
  memory.fill(sums, 0, <usize>GROUP << 3);
  memory.fill(squares, 0, <usize>GROUP << 3);
  let m0 = v128.load(x), m1 = v128.load(x, 16), m2 = v128.load(x, 32), m3 = v128.load(x, 48);
  while (rows > 0) {
    const count = min(rows, BLOCK_ROWS);
    rows -= count;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let q0 = s0, q1 = s0, q2 = s0, q3 = s0;
    for (let row = 0; row < count; row++) {
      const d0 = v128.sub<f32>(v128.load(x), m0);
      const d1 = v128.sub<f32>(v128.load(x, 16), m1);
      const d2 = v128.sub<f32>(v128.load(x, 32), m2);
      const d3 = v128.sub<f32>(v128.load(x, 48), m3);
      s0 = v128.add<f32>(s0, d0);
      s1 = v128.add<f32>(s1, d1);
      s2 = v128.add<f32>(s2, d2);
      s3 = v128.add<f32>(s3, d3);
      q0 = multiplyAdd(d0, d0, q0);
      q1 = multiplyAdd(d1, d1, q1);
      q2 = multiplyAdd(d2, d2, q2);
      q3 = multiplyAdd(d3, d3, q3);
      x += rowBytes;
    }
    m0 = addBlock(sums, squares, v128.load(origin), m0, s0, q0, count);
    m1 = addBlock(sums + 32, squares + 32, v128.load(origin, 16), m1, s1, q1, count);
    m2 = addBlock(sums + 64, squares + 64, v128.load(origin, 32), m2, s2, q2, count);
    m3 = addBlock(sums + 96, squares + 96, v128.load(origin, 48), m3, s3, q3, count);
  }
}

/** Adds a block's sums, with distances from `mean`, to the chunk's, from `origin`; gives the block's own mean. */
@inline
function addBlock(sums: usize, squares: usize, origin: v128, mean: v128, s: v128, q: v128, count: i32): v128 {
  addHalf(sums, squares, v128.sub<f64>(low(mean), low(origin)), low(s), low(q), count);
  addHalf(sums + 16, squares + 16, v128.sub<f64>(high(mean), high(origin)), high(s), high(q), count);
  return multiplyAdd(s, f32x4.splat(1 / <f32>count), mean);
}

@inline
function addHalf(sums: usize, squares: usize, shift: v128, s: v128, q: v128, count: i32): void {
  const all = v128.mul<f64>(f64x2.splat(<f64>count), shift);
  v128.store(sums, v128.add<f64>(v128.load(sums), v128.add<f64>(s, all)));
  const cross = v128.mul<f64>(shift, v128.add<f64>(v128.add<f64>(s, s), all));
  v128.store(squares, v128.add<f64>(v128.load(squares), v128.add<f64>(q, cross)));
}

export function momentsOfOne(x: usize, origin: usize, rowBytes: usize, rows: i32, sums: usize, squares: usize): void {
  const from = <f64>load<f32>(origin);
  let sum: f64 = 0;
  let square: f64 = 0;
  for (let row = 0; row < rows; row++) {
    const distance = <f64>load<f32>(x) - from;
    sum += distance;
    square += distance * distance;
    x += rowBytes;
  }
  store<f64>(sums, sum);
  store<f64>(squares, square);
}
