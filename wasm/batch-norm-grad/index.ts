/**
 * Gradient of batch normalisation in training. With m the mean, s the inverse standard deviation, R the rows: dbeta = Σ
 * dy, dgamma = s · Σ dy · (x − m), and dx = γs · (dy − dbeta / R − (x − m) · s · dgamma / R), plus what comes through
 * mean and variance themselves. Three kernels run one after the other: sums, coefficients, result.
 */
import { arg } from '../args';
import {
  CHANNELS, CHUNKS, COEFFICIENTS, COUNT, DY, D_BETA, D_GAMMA, D_MEAN, D_VARIANCE, EPSILON, GAMMA, MEAN, OUT, PARTIALS,
  PERIOD, REST, ROWS, VARIANCE, X,
} from '../batch-norm/words';
import { at, BLOCK_ROWS, firstOf, GROUP, STRIPE, wideAt } from '../reduce/columns';
import { multiplyAdd } from '../math';
import { addWide } from '../reduce/lanes';

/** Σ dy and Σ dy · (x − m) of every chunk and folded column. A unit of work is a stripe of columns of one chunk. */
export function batchNormGradSums(args: usize, scratch: usize, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const period = arg(args, PERIOD);
  const chunks = arg(args, CHUNKS);
  const sums = <usize>arg(args, PARTIALS);
  const products = wideAt(sums, chunks * period);
  const rowBytes = <usize>period << 2;
  const stripes = (period + STRIPE - 1) / STRIPE;
  const means = foldedMeans(args, scratch);
  const last = firstOf(chunks * stripes, part + 1, parts);
  for (let unit = firstOf(chunks * stripes, part, parts); unit < last; unit++) {
    const chunk = unit / stripes;
    const first = firstOf(rows, chunk, chunks);
    const count = firstOf(rows, chunk + 1, chunks) - first;
    const skipped = <usize>first * rowBytes;
    const firstColumn = (unit - chunk * stripes) * STRIPE;
    const lastColumn = min(period, firstColumn + STRIPE);
    for (let column = firstColumn; column < lastColumn; column += GROUP) {
      const x = at(<usize>arg(args, X), column) + skipped;
      const dy = at(<usize>arg(args, DY), column) + skipped;
      const sum = wideAt(sums, chunk * period + column);
      const product = wideAt(products, chunk * period + column);
      const width = min(GROUP, lastColumn - column);
      if (width == GROUP) sumGroup(x, dy, at(means, column), rowBytes, count, sum, product);
      else sumSingly(x, dy, at(means, column), rowBytes, count, width, sum, product);
    }
  }
}

/**
 * Repeats the means for each row that was folded into one; folded rows are short (`runtime/kernels/reduce/columns.ts`).
 */
function foldedMeans(args: usize, scratch: usize): usize {
  const means = <usize>arg(args, MEAN);
  const period = arg(args, PERIOD);
  const channels = arg(args, CHANNELS);
  if (period == channels) return means;
  for (let column = 0; column < period; column += channels) {
    memory.copy(at(scratch, column), means, <usize>channels << 2);
  }
  return scratch;
}

function sumGroup(
  x: usize, dy: usize, means: usize, rowBytes: usize, rows: i32, sums: usize, products: usize,
): void {
  memory.fill(sums, 0, <usize>GROUP << 3);
  memory.fill(products, 0, <usize>GROUP << 3);
  const m0 = v128.load(means), m1 = v128.load(means, 16), m2 = v128.load(means, 32), m3 = v128.load(means, 48);
  while (rows > 0) {
    let count = min(rows, BLOCK_ROWS);
    rows -= count;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let p0 = s0, p1 = s0, p2 = s0, p3 = s0;
    for (; count > 0; count--) {
      const g0 = v128.load(dy), g1 = v128.load(dy, 16), g2 = v128.load(dy, 32), g3 = v128.load(dy, 48);
      s0 = v128.add<f32>(s0, g0);
      s1 = v128.add<f32>(s1, g1);
      s2 = v128.add<f32>(s2, g2);
      s3 = v128.add<f32>(s3, g3);
      p0 = multiplyAdd(g0, v128.sub<f32>(v128.load(x), m0), p0);
      p1 = multiplyAdd(g1, v128.sub<f32>(v128.load(x, 16), m1), p1);
      p2 = multiplyAdd(g2, v128.sub<f32>(v128.load(x, 32), m2), p2);
      p3 = multiplyAdd(g3, v128.sub<f32>(v128.load(x, 48), m3), p3);
      x += rowBytes;
      dy += rowBytes;
    }
    addWide(sums, s0);
    addWide(sums + 32, s1);
    addWide(sums + 64, s2);
    addWide(sums + 96, s3);
    addWide(products, p0);
    addWide(products + 32, p1);
    addWide(products + 64, p2);
    addWide(products + 96, p3);
  }
}

/** Columns beside the last whole group. */
function sumSingly(
  x: usize, dy: usize, means: usize, rowBytes: usize, rows: i32, width: i32, sums: usize, products: usize,
): void {
  for (let column = 0; column < width; column++) {
    const mean = <f64>load<f32>(at(means, column));
    let sum: f64 = 0;
    let product: f64 = 0;
    for (let row = 0; row < rows; row++) {
      const place = at(<usize>row * rowBytes, column);
      const gradient = <f64>load<f32>(dy + place);
      sum += gradient;
      product += gradient * (<f64>load<f32>(x + place) - mean);
    }
    store<f64>(wideAt(sums, column), sum);
    store<f64>(wideAt(products, column), product);
  }
}

/** dgamma, dbeta and the coefficients of dx = factor · dy + slope · (x − m) + summand. A part is a run of channels. */
export function batchNormGradFinish(args: usize, scratch: usize, part: i32, parts: i32): void {
  const channels = arg(args, CHANNELS);
  const period = arg(args, PERIOD);
  const rest = arg(args, REST);
  const chunks = arg(args, CHUNKS);
  const rows = <f64>arg(args, COUNT);
  const sums = <usize>arg(args, PARTIALS);
  const products = wideAt(sums, chunks * period);
  const body = arg(args, ROWS) * period;
  const x = at(<usize>arg(args, X), body);
  const dy = at(<usize>arg(args, DY), body);
  const means = <usize>arg(args, COEFFICIENTS);
  const last = firstOf(channels, part + 1, parts);
  for (let channel = firstOf(channels, part, parts); channel < last; channel++) {
    const mean = load<f32>(at(<usize>arg(args, MEAN), channel));
    let sum: f64 = 0;
    let product: f64 = 0;
    for (let i = channel; i < chunks * period; i += channels) {
      sum += load<f64>(wideAt(sums, i));
      product += load<f64>(wideAt(products, i));
    }
    for (let i = channel; i < rest; i += channels) {
      const gradient = <f64>load<f32>(at(dy, i));
      sum += gradient;
      product += gradient * (<f64>load<f32>(at(x, i)) - <f64>mean);
    }
    const variance = <f64>load<f32>(at(<usize>arg(args, VARIANCE), channel));
    const inverse = 1 / sqrt<f64>(variance + <f64>load<f32>(at(args, EPSILON)));
    const factor = inverse * <f64>load<f32>(at(<usize>arg(args, GAMMA), channel));
    const ofMean = <f64>load<f32>(at(<usize>arg(args, D_MEAN), channel));
    const ofVariance = <f64>load<f32>(at(<usize>arg(args, D_VARIANCE), channel));
    const slope = (ofVariance * 2 - factor * inverse * inverse * product) / rows;
    const summand = (ofMean - factor * sum) / rows;
    store<f32>(at(<usize>arg(args, D_GAMMA), channel), <f32>(product * inverse));
    store<f32>(at(<usize>arg(args, D_BETA), channel), <f32>sum);
    for (let column = channel; column < period; column += channels) {
      store<f32>(at(means, column), mean);
      store<f32>(at(means, period + column), <f32>factor);
      store<f32>(at(means, period * 2 + column), <f32>slope);
      store<f32>(at(means, period * 3 + column), <f32>summand);
    }
  }
}

/** dx. A part is a run of blocks of folded rows; the last one has the rest too. */
export function batchNormGradApply(args: usize, scratch: usize, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const period = arg(args, PERIOD);
  const rowBytes = <usize>period << 2;
  const means = <usize>arg(args, COEFFICIENTS);
  const blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
  const first = firstOf(blocks, part, parts) * BLOCK_ROWS;
  const last = min(rows, firstOf(blocks, part + 1, parts) * BLOCK_ROWS);
  let x = <usize>arg(args, X) + <usize>first * rowBytes;
  let dy = <usize>arg(args, DY) + <usize>first * rowBytes;
  let out = <usize>arg(args, OUT) + <usize>first * rowBytes;
  for (let row = first; row < last; row += BLOCK_ROWS) {
    const count = min(BLOCK_ROWS, last - row);
    const whole = period & ~7;
    for (let column = 0; column < whole; column += 8) {
      applyToEight(at(x, column), at(dy, column), at(out, column), at(means, column), rowBytes, count);
    }
    if (whole < period) {
      for (let i = 0; i < count; i++) {
        const skipped = <usize>i * rowBytes;
        applySingly(x + skipped, dy + skipped, out + skipped, means, rowBytes, whole, period);
      }
    }
    x += <usize>count * rowBytes;
    dy += <usize>count * rowBytes;
    out += <usize>count * rowBytes;
  }
  if (part == parts - 1) applySingly(x, dy, out, means, rowBytes, 0, arg(args, REST));
}

/** Eight columns: their four coefficients fill eight registers. */
function applyToEight(x: usize, dy: usize, out: usize, means: usize, rowBytes: usize, rows: i32): void {
  const factors = means + rowBytes;
  const slopes = factors + rowBytes;
  const summands = slopes + rowBytes;
  const m0 = v128.load(means), m1 = v128.load(means, 16);
  const a0 = v128.load(factors), a1 = v128.load(factors, 16);
  const b0 = v128.load(slopes), b1 = v128.load(slopes, 16);
  const c0 = v128.load(summands), c1 = v128.load(summands, 16);
  for (let row = 0; row < rows; row++) {
    const d0 = multiplyAdd(v128.sub<f32>(v128.load(x), m0), b0, c0);
    const d1 = multiplyAdd(v128.sub<f32>(v128.load(x, 16), m1), b1, c1);
    v128.store(out, multiplyAdd(v128.load(dy), a0, d0));
    v128.store(out, multiplyAdd(v128.load(dy, 16), a1, d1), 16);
    x += rowBytes;
    dy += rowBytes;
    out += rowBytes;
  }
}

/** Columns after the last whole eight, and the rest. */
function applySingly(x: usize, dy: usize, out: usize, means: usize, rowBytes: usize, first: i32, last: i32): void {
  for (let column = first; column < last; column++) {
    const mean = at(means, column);
    const distance = load<f32>(at(x, column)) - load<f32>(mean);
    const ofStatistics = distance * load<f32>(mean + rowBytes * 2) + load<f32>(mean + rowBytes * 3);
    store<f32>(at(out, column), load<f32>(at(dy, column)) * load<f32>(mean + rowBytes) + ofStatistics);
  }
}
