/**
 * Batch normalisation over rows, channel by channel: x [R, C]. In training three kernels run one after the other,
 * because no kernel can wait for the others' parts: sums of chunks, then statistics and coefficients, then the result.
 * So does the gradient (`batch-norm-grad`). With given statistics there is no first step.
 */
import { arg } from '../args';
import { activate, RELU, RELU6 } from '../activation';
import { at, firstOf, firstOfBlocks, GROUP, STRIPE, wideAt } from '../reduce/columns';
import {
  ACTIVATION, BETA, CHANNELS, CHUNKS, COEFFICIENTS, COUNT, EPSILON, GAMMA, MEAN, OUT, PARTIALS, PERIOD, REST, ROWS, SLOPES,
  VARIANCE, X,
} from './words';
import { momentsOfGroup, momentsOfOne } from './moments';
import { normal, normalOfOne } from './normal';

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
  const channels = arg(args, CHANNELS);
  const means = <usize>arg(args, COEFFICIENTS);
  const factors = at(means, period);
  const summands = at(factors, period);
  const gamma = <usize>arg(args, GAMMA);
  const beta = <usize>arg(args, BETA);
  const slopes = <usize>arg(args, SLOPES);
  const epsilon = <f64>load<f32>(at(args, EPSILON));
  const factor = (gamma ? <f64>load<f32>(at(gamma, channel)) : 1) / sqrt<f64>(variance + epsilon);
  const rounded = <f32>mean;
  const summand = (beta ? <f64>load<f32>(at(beta, channel)) : 0) + (<f64>rounded - mean) * factor;
  for (let column = channel; column < period; column += channels) {
    store<f32>(at(means, column), rounded);
    store<f32>(at(factors, column), <f32>factor);
    store<f32>(at(summands, column), <f32>summand);
  }
  if (!slopes) return;
  store<f32>(at(slopes, channel), <f32>factor);
  store<f32>(at(slopes, channels + channel), <f32>summand);
}

/** The result. A part is a run of blocks of folded rows; the last one has the rest too. */
export function batchNormApply(args: usize, scratch: usize, part: i32, parts: i32): void {
  switch (arg(args, ACTIVATION)) {
    case 0: applyPart(args, 0, part, parts); break;
    case RELU6: applyPart(args, RELU6, part, parts); break;
    default: applyPart(args, RELU, part, parts);
  }
}

@inline
function applyPart(args: usize, activation: i32, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const period = arg(args, PERIOD);
  const rowBytes = <usize>period << 2;
  const means = <usize>arg(args, COEFFICIENTS);
  const whole = rowBytes & ~15;
  const first = firstOfBlocks(rows, part, parts);
  const last = firstOfBlocks(rows, part + 1, parts);
  let x = <usize>arg(args, X) + <usize>first * rowBytes;
  let out = <usize>arg(args, OUT) + <usize>first * rowBytes;
  for (let left = last - first; left > 0; ) {
    const count = left >= 4 ? 4 : 1;
    if (count == 4) {
      for (let i: usize = 0; i < whole; i += 16) applyToRows(x + i, out + i, means + i, rowBytes, 4, activation);
    } else {
      for (let i: usize = 0; i < whole; i += 16) applyToRows(x + i, out + i, means + i, rowBytes, 1, activation);
    }
    for (let i = 0; i < count; i++) {
      if (whole < rowBytes) applySingly(x, out, means, rowBytes, <i32>(whole >> 2), period, activation);
      x += rowBytes;
      out += rowBytes;
    }
    left -= count;
  }
  if (part == parts - 1) applySingly(x, out, means, rowBytes, 0, arg(args, REST), activation);
}

/** One or four rows of four columns, so that rows are read in the order of memory. */
@inline
function applyToRows(x: usize, out: usize, means: usize, rowBytes: usize, rows: i32, activation: i32): void {
  const m = v128.load(means);
  const a = v128.load(means + rowBytes);
  const b = v128.load(means + rowBytes * 2);
  v128.store(out, activate(normal(v128.load(x), m, a, b), activation, 0));
  if (rows == 1) return;
  v128.store(out + rowBytes, activate(normal(v128.load(x + rowBytes), m, a, b), activation, 0));
  v128.store(out + rowBytes * 2, activate(normal(v128.load(x + rowBytes * 2), m, a, b), activation, 0));
  v128.store(out + rowBytes * 3, activate(normal(v128.load(x + rowBytes * 3), m, a, b), activation, 0));
}

/** Columns beside the last whole vector, and the rest. */
function applySingly(
  x: usize, out: usize, means: usize, rowBytes: usize, first: i32, last: i32, activation: i32,
): void {
  for (let column = first; column < last; column++) {
    const y = f32x4.splat(normalOfOne(at(x, column), at(means, column), rowBytes));
    store<f32>(at(out, column), f32x4.extract_lane(activate(y, activation, 0), 0));
  }
}
