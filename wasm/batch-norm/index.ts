/**
 * Batch normalisation over rows, channel by channel: x [R, C]. In training three kernels run one after the other,
 * because no kernel can wait for the others' parts: sums of chunks, then statistics and coefficients, then the result.
 * So does the gradient (`batch-norm-grad`). With given statistics there is no first step.
 */
import { arg } from '../args';
import { at, BLOCK_ROWS, firstOf, GROUP, STRIPE, wideAt } from '../reduce/columns';
import { multiplyAdd } from '../math';
import { high, low } from '../reduce/lanes';
import {
  BETA, CHANNELS, CHUNKS, COEFFICIENTS, COUNT, EPSILON, GAMMA, MEAN, OUT, PARTIALS, PERIOD, REST, ROWS, VARIANCE, X,
} from './words';

/**
 * Σ d and Σ d² of every chunk and folded column, d the distance from the column's first value. A unit of work is a
 * stripe of columns of one chunk.
 */
export function batchNormMoments(args: usize, scratch: usize, part: i32, parts: i32): void {
  const x = <usize>arg(args, X);
  const rows = arg(args, ROWS);
  const period = arg(args, PERIOD);
  const chunks = arg(args, CHUNKS);
  const sums = <usize>arg(args, PARTIALS);
  const squares = wideAt(sums, chunks * period);
  const rowBytes = <usize>period << 2;
  const stripes = (period + STRIPE - 1) / STRIPE;
  const last = firstOf(chunks * stripes, part + 1, parts);
  for (let unit = firstOf(chunks * stripes, part, parts); unit < last; unit++) {
    const chunk = unit / stripes;
    const first = firstOf(rows, chunk, chunks);
    const count = firstOf(rows, chunk + 1, chunks) - first;
    const start = x + <usize>first * rowBytes;
    const firstColumn = (unit - chunk * stripes) * STRIPE;
    const lastColumn = min(period, firstColumn + STRIPE);
    let column = firstColumn;
    for (; column + GROUP <= lastColumn; column += GROUP) {
      const target = chunk * period + column;
      momentsOfGroup(at(start, column), at(x, column), rowBytes, count, wideAt(sums, target), wideAt(squares, target));
    }
    for (; column < lastColumn; column++) {
      const target = chunk * period + column;
      momentsOfOne(at(start, column), at(x, column), rowBytes, count, wideAt(sums, target), wideAt(squares, target));
    }
  }
}

/**
 * One pass: a block's distances are taken in float32 from the mean of the block before. What that costs in accuracy is
 * bounded by the variance itself, because neighbouring blocks cannot lie further apart than the data spread, however
 * large the mean.
 */
function momentsOfGroup(x: usize, origin: usize, rowBytes: usize, rows: i32, sums: usize, squares: usize): void {
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

function momentsOfOne(x: usize, origin: usize, rowBytes: usize, rows: i32, sums: usize, squares: usize): void {
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

/** Mean, variance and coefficients from the sums. A part is a run of channels. */
export function batchNormFinish(args: usize, scratch: usize, part: i32, parts: i32): void {
  const x = <usize>arg(args, X);
  const channels = arg(args, CHANNELS);
  const rows = arg(args, ROWS);
  const period = arg(args, PERIOD);
  const rest = arg(args, REST);
  const chunks = arg(args, CHUNKS);
  const count = <f64>arg(args, COUNT);
  const sums = <usize>arg(args, PARTIALS);
  const squares = wideAt(sums, chunks * period);
  const behind = at(x, rows * period);
  const last = firstOf(channels, part + 1, parts);
  for (let channel = firstOf(channels, part, parts); channel < last; channel++) {
    const origin = <f64>load<f32>(at(x, channel));
    let sum: f64 = 0;
    let square: f64 = 0;
    for (let column = channel; column < period; column += channels) {
      let s: f64 = 0;
      let q: f64 = 0;
      for (let chunk = 0; chunk < chunks; chunk++) {
        s += load<f64>(wideAt(sums, chunk * period + column));
        q += load<f64>(wideAt(squares, chunk * period + column));
      }
      // From the distances from each folded column's first value to those from the channel's.
      const shift = <f64>load<f32>(at(x, column)) - origin;
      sum += s + <f64>rows * shift;
      square += q + shift * (s + s + <f64>rows * shift);
    }
    for (let i = channel; i < rest; i += channels) {
      const distance = <f64>load<f32>(at(behind, i)) - origin;
      sum += distance;
      square += distance * distance;
    }
    const mean = origin + sum / count;
    const variance = max<f64>(0, (square - (sum * sum) / count) / count);
    store<f32>(at(<usize>arg(args, MEAN), channel), <f32>mean);
    store<f32>(at(<usize>arg(args, VARIANCE), channel), <f32>variance);
    storeCoefficients(args, channel, mean, variance);
  }
}

/** Coefficients from given mean and variance. A part is a run of channels. */
export function batchNormCoefficients(args: usize, scratch: usize, part: i32, parts: i32): void {
  const channels = arg(args, CHANNELS);
  const last = firstOf(channels, part + 1, parts);
  for (let channel = firstOf(channels, part, parts); channel < last; channel++) {
    const mean = <f64>load<f32>(at(<usize>arg(args, MEAN), channel));
    storeCoefficients(args, channel, mean, <f64>load<f32>(at(<usize>arg(args, VARIANCE), channel)));
  }
}

/** y = (x − m) · factor + summand, where m is the mean in float32 and the summand corrects its rounding. */
function storeCoefficients(args: usize, channel: i32, mean: f64, variance: f64): void {
  const period = arg(args, PERIOD);
  const means = <usize>arg(args, COEFFICIENTS);
  const factors = at(means, period);
  const summands = at(factors, period);
  const gamma = <usize>arg(args, GAMMA);
  const beta = <usize>arg(args, BETA);
  const epsilon = <f64>load<f32>(at(args, EPSILON));
  const factor = (gamma ? <f64>load<f32>(at(gamma, channel)) : 1) / sqrt<f64>(variance + epsilon);
  const rounded = <f32>mean;
  const summand = (beta ? <f64>load<f32>(at(beta, channel)) : 0) + (<f64>rounded - mean) * factor;
  for (let column = channel; column < period; column += arg(args, CHANNELS)) {
    store<f32>(at(means, column), rounded);
    store<f32>(at(factors, column), <f32>factor);
    store<f32>(at(summands, column), <f32>summand);
  }
}

/** The result. A part is a run of blocks of folded rows; the last one has the rest too. */
export function batchNormApply(args: usize, scratch: usize, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const period = arg(args, PERIOD);
  const rowBytes = <usize>period << 2;
  const means = <usize>arg(args, COEFFICIENTS);
  const blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
  const first = firstOf(blocks, part, parts) * BLOCK_ROWS;
  const last = min(rows, firstOf(blocks, part + 1, parts) * BLOCK_ROWS);
  let x = <usize>arg(args, X) + <usize>first * rowBytes;
  let out = <usize>arg(args, OUT) + <usize>first * rowBytes;
  for (let row = first; row < last; row += BLOCK_ROWS) {
    const count = min(BLOCK_ROWS, last - row);
    let column = 0;
    for (; column + GROUP <= period; column += GROUP) {
      applyToGroup(at(x, column), at(out, column), at(means, column), rowBytes, count);
    }
    if (column < period) {
      for (let i = 0; i < count; i++) {
        const skipped = <usize>i * rowBytes;
        applySingly(x + skipped, out + skipped, means, rowBytes, column, period);
      }
    }
    x += <usize>count * rowBytes;
    out += <usize>count * rowBytes;
  }
  if (part == parts - 1) applySingly(x, out, means, rowBytes, 0, arg(args, REST));
}

function applyToGroup(x: usize, out: usize, means: usize, rowBytes: usize, rows: i32): void {
  const factors = means + rowBytes;
  const summands = factors + rowBytes;
  const m0 = v128.load(means), m1 = v128.load(means, 16), m2 = v128.load(means, 32), m3 = v128.load(means, 48);
  const a0 = v128.load(factors), a1 = v128.load(factors, 16);
  const a2 = v128.load(factors, 32), a3 = v128.load(factors, 48);
  const b0 = v128.load(summands), b1 = v128.load(summands, 16);
  const b2 = v128.load(summands, 32), b3 = v128.load(summands, 48);
  for (let row = 0; row < rows; row++) {
    v128.store(out, multiplyAdd(v128.sub<f32>(v128.load(x), m0), a0, b0));
    v128.store(out, multiplyAdd(v128.sub<f32>(v128.load(x, 16), m1), a1, b1), 16);
    v128.store(out, multiplyAdd(v128.sub<f32>(v128.load(x, 32), m2), a2, b2), 32);
    v128.store(out, multiplyAdd(v128.sub<f32>(v128.load(x, 48), m3), a3, b3), 48);
    x += rowBytes;
    out += rowBytes;
  }
}

/** Columns beside the last whole group, and the rest. */
function applySingly(x: usize, out: usize, means: usize, rowBytes: usize, first: i32, last: i32): void {
  for (let column = first; column < last; column++) {
    const mean = at(means, column);
    const y = (load<f32>(at(x, column)) - load<f32>(mean)) * load<f32>(mean + rowBytes);
    store<f32>(at(out, column), y + load<f32>(mean + rowBytes * 2));
  }
}
