/**
 * Gradient of batch normalisation in training. With m the mean, s the inverse standard deviation, R the rows: dbeta = Σ
 * dy, dgamma = s · Σ dy · (x − m), and dx = γs · (dy − dbeta / R − (x − m) · s · dgamma / R), plus what comes through
 * mean and variance themselves. Three kernels run one after the other: sums, coefficients, result.
 */
import { RELU, RELU6 } from '../activation';
import { arg } from '../args';
import { masked, maskedOne } from '../batch-norm/normal';
import {
  ACTIVATION, CHANNELS, CHUNKS, COEFFICIENTS, COUNT, DY, D_BETA, D_GAMMA, D_MEAN, D_VARIANCE, EPSILON, GAMMA, MEAN, OUT,
  PARTIALS, PERIOD, REST, ROWS, SLOPES, VARIANCE, X,
} from '../batch-norm/words';
import { multiplyAdd } from '../math';
import { at, firstOf, firstOfBlocks, STRIPE, STRIPE_BYTES, wideAt } from '../reduce/columns';
import { sumOne, sumStripe } from './sums';

/**
 * Σ dy and Σ dy · (x − m) of every chunk and folded column; dy is masked where an activation follows. A unit of work is a stripe of
 * columns of one chunk.
 */
export function batchNormGradSums(args: usize, scratch: usize, part: i32, parts: i32): void {
  switch (arg(args, ACTIVATION)) {
    case 0: sumPart(args, scratch, 0, part, parts); break;
    case RELU6: sumPart(args, scratch, RELU6, part, parts); break;
    default: sumPart(args, scratch, RELU, part, parts);
  }
}

@inline
function sumPart(args: usize, scratch: usize, activation: i32, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const period = arg(args, PERIOD);
  const chunks = arg(args, CHUNKS);
  const sums = <usize>arg(args, PARTIALS);
  const products = wideAt(sums, chunks * period);
  const rowBytes = <usize>period << 2;
  const stripes = (period + STRIPE - 1) / STRIPE;
  const means = scratch + STRIPE_BYTES * 2;
  const last = firstOf(chunks * stripes, part + 1, parts);
  for (let unit = firstOf(chunks * stripes, part, parts); unit < last; unit++) {
    const chunk = unit / stripes;
    const first = firstOf(rows, chunk, chunks);
    const count = firstOf(rows, chunk + 1, chunks) - first;
    const firstColumn = (unit - chunk * stripes) * STRIPE;
    const skipped = at(<usize>first * rowBytes, firstColumn);
    const x = <usize>arg(args, X) + skipped;
    const dy = <usize>arg(args, DY) + skipped;
    const target = chunk * period + firstColumn;
    const width = min(period - firstColumn, STRIPE);
    const whole = width & ~3;
    copyCoefficients(args, firstColumn, width, means, activation);
    sumStripe(x, dy, means, rowBytes, count, whole, wideAt(sums, target), wideAt(products, target), scratch, activation);
    for (let i = whole; i < width; i++) {
      const sum = wideAt(sums, target + i);
      const product = wideAt(products, target + i);
      sumOne(at(x, i), at(dy, i), at(means, i), rowBytes, count, sum, product, activation);
    }
  }
}

/** The means of a stripe's columns, and with an activation the factors and summands of y, each kind behind the other. */
function copyCoefficients(args: usize, firstColumn: i32, width: i32, target: usize, activation: i32): void {
  const channels = arg(args, CHANNELS);
  const means = <usize>arg(args, MEAN);
  const slopes = <usize>arg(args, SLOPES);
  let channel = firstColumn % channels;
  for (let i = 0; i < width; ) {
    const count = min(width - i, channels - channel);
    const bytes = <usize>count << 2;
    memory.copy(at(target, i), at(means, channel), bytes);
    if (activation != 0) {
      memory.copy(at(target + STRIPE_BYTES, i), at(slopes, channel), bytes);
      memory.copy(at(target + STRIPE_BYTES * 2, i), at(slopes, channels + channel), bytes);
    }
    i += count;
    channel = 0;
  }
}

/**
 * dgamma, dbeta and the coefficients of dx = factor · dy + slope · (x − m) + summand, behind those of y. A part is a run of channels.
 */
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
  const rowBytes = <usize>period << 2;
  const means = <usize>arg(args, COEFFICIENTS);
  const factors = means + rowBytes * 3;
  const activation = arg(args, ACTIVATION);
  const slopes = <usize>arg(args, SLOPES);
  const last = firstOf(channels, part + 1, parts);
  for (let channel = firstOf(channels, part, parts); channel < last; channel++) {
    const mean = load<f32>(at(<usize>arg(args, MEAN), channel));
    for (let column = channel; column < period; column += channels) {
      store<f32>(at(means, column), mean);
      if (activation == 0) continue;
      store<f32>(at(means, period + column), load<f32>(at(slopes, channel)));
      store<f32>(at(means, period * 2 + column), load<f32>(at(slopes, channels + channel)));
    }
    let sum: f64 = 0;
    let product: f64 = 0;
    for (let i = channel; i < chunks * period; i += channels) {
      sum += load<f64>(wideAt(sums, i));
      product += load<f64>(wideAt(products, i));
    }
    for (let i = channel; i < rest; i += channels) {
      const gradient = <f64>maskedOne(at(x, i), at(dy, i), at(means, i), rowBytes, activation);
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
      store<f32>(at(factors, column), <f32>factor);
      store<f32>(at(factors, period + column), <f32>slope);
      store<f32>(at(factors, period * 2 + column), <f32>summand);
    }
  }
}

/** dx. A part is a run of blocks of folded rows; the last one has the rest too. */
export function batchNormGradApply(args: usize, scratch: usize, part: i32, parts: i32): void {
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
  const skipped = <usize>first * rowBytes;
  let x = <usize>arg(args, X) + skipped;
  let dy = <usize>arg(args, DY) + skipped;
  let out = <usize>arg(args, OUT) + skipped;
  for (let left = firstOfBlocks(rows, part + 1, parts) - first; left > 0; ) {
    const count = left >= 4 ? 4 : 1;
    if (count == 4) {
      for (let i: usize = 0; i < whole; i += 16) applyToRows(x + i, dy + i, out + i, means + i, rowBytes, 4, activation);
    } else {
      for (let i: usize = 0; i < whole; i += 16) applyToRows(x + i, dy + i, out + i, means + i, rowBytes, 1, activation);
    }
    for (let i = 0; i < count; i++) {
      if (whole < rowBytes) applySingly(x, dy, out, means, rowBytes, <i32>(whole >> 2), period, activation);
      x += rowBytes;
      dy += rowBytes;
      out += rowBytes;
    }
    left -= count;
  }
  if (part == parts - 1) applySingly(x, dy, out, means, rowBytes, 0, arg(args, REST), activation);
}

/** One or four rows of four columns, so that rows are read in the order of memory. */
@inline
function applyToRows(
  x: usize, dy: usize, out: usize, means: usize, rowBytes: usize, rows: i32, activation: i32,
): void {
  const m = v128.load(means);
  const a = v128.load(means + rowBytes);
  const b = v128.load(means + rowBytes * 2);
  const factors = means + rowBytes * 3;
  const factor = v128.load(factors);
  const slope = v128.load(factors + rowBytes);
  const summand = v128.load(factors + rowBytes * 2);
  for (let row = 0; row < rows; row++) {
    const distance = v128.sub<f32>(v128.load(x), m);
    const gradient = masked(v128.load(dy), distance, a, b, activation);
    v128.store(out, multiplyAdd(gradient, factor, multiplyAdd(distance, slope, summand)));
    x += rowBytes;
    dy += rowBytes;
    out += rowBytes;
  }
}

/** Columns after the last whole vector, and the rest. */
function applySingly(
  x: usize, dy: usize, out: usize, means: usize, rowBytes: usize, first: i32, last: i32, activation: i32,
): void {
  for (let column = first; column < last; column++) {
    const mean = at(means, column);
    const factor = mean + rowBytes * 3;
    const gradient = maskedOne(at(x, column), at(dy, column), mean, rowBytes, activation);
    const distance = load<f32>(at(x, column)) - load<f32>(mean);
    const ofStatistics = distance * load<f32>(factor + rowBytes) + load<f32>(factor + rowBytes * 2);
    store<f32>(at(out, column), gradient * load<f32>(factor) + ofStatistics);
  }
}
