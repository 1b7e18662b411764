/**
 * Layer normalisation: every row of x [R, F] to zero mean and unit variance, then times gamma plus beta. A row is read
 * from memory once; its mean is found before its variance, so a large mean costs no accuracy.
 */
import { arg } from '../args';
import { at, firstOf } from '../reduce/columns';
import { multiplyAdd } from '../math';
import { high, low } from '../reduce/lanes';

/** The argument block: 32-bit words in this order. `runtime/kernels/norm/layerNorm.ts` writes it. */
const X: i32 = 0;
const OUT: i32 = 1;
const GAMMA: i32 = 2;
const BETA: i32 = 3;
/** Mean and inverse standard deviation of each row, side by side. */
const STATISTICS: i32 = 4;
const ROWS: i32 = 5;
const FEATURES: i32 = 6;
const EPSILON: i32 = 7;

/** Values whose sum is kept in float32. */
const RUN: i32 = 1024;

/** A part is a run of rows. */
export function layerNorm(args: usize, scratch: usize, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const features = arg(args, FEATURES);
  const gamma = <usize>arg(args, GAMMA);
  const beta = <usize>arg(args, BETA);
  const epsilon = <f64>load<f32>(at(args, EPSILON));
  const last = firstOf(rows, part + 1, parts);
  for (let row = firstOf(rows, part, parts); row < last; row++) {
    const x = at(<usize>arg(args, X), row * features);
    const first = load<f32>(x);
    const mean = <f64>first + distances(x, features, first) / <f64>features;
    const near = <f32>mean;
    const offset = mean - <f64>near;
    const variance = max<f64>(0, squares(x, features, near) / <f64>features - offset * offset);
    const inverse = 1 / sqrt<f64>(variance + epsilon);
    const statistics = at(<usize>arg(args, STATISTICS), row * 2);
    store<f32>(statistics, near);
    store<f32>(statistics, <f32>inverse, 4);
    const out = at(<usize>arg(args, OUT), row * features);
    normalise(x, out, features, gamma, beta, near, <f32>inverse, <f32>(-offset * inverse));
  }
}

/** Σ (x − origin). */
function distances(x: usize, count: i32, origin: f32): f64 {
  const origins = f32x4.splat(origin);
  let total: f64 = 0;
  while (count >= 4) {
    const run = min(count, RUN) & ~3;
    count -= run;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (const end = at(x, run & ~15); x < end; x += 64) {
      s0 = v128.add<f32>(s0, v128.sub<f32>(v128.load(x), origins));
      s1 = v128.add<f32>(s1, v128.sub<f32>(v128.load(x, 16), origins));
      s2 = v128.add<f32>(s2, v128.sub<f32>(v128.load(x, 32), origins));
      s3 = v128.add<f32>(s3, v128.sub<f32>(v128.load(x, 48), origins));
    }
    for (const end = at(x, run & 15); x < end; x += 16) {
      s0 = v128.add<f32>(s0, v128.sub<f32>(v128.load(x), origins));
    }
    total += wideSum(v128.add<f32>(v128.add<f32>(s0, s1), v128.add<f32>(s2, s3)));
  }
  for (const end = at(x, count); x < end; x += 4) total += <f64>(load<f32>(x) - origin);
  return total;
}

/** Σ (x − origin)². */
function squares(x: usize, count: i32, origin: f32): f64 {
  const origins = f32x4.splat(origin);
  let total: f64 = 0;
  while (count >= 4) {
    const run = min(count, RUN) & ~3;
    count -= run;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (const end = at(x, run & ~15); x < end; x += 64) {
      const d0 = v128.sub<f32>(v128.load(x), origins);
      const d1 = v128.sub<f32>(v128.load(x, 16), origins);
      const d2 = v128.sub<f32>(v128.load(x, 32), origins);
      const d3 = v128.sub<f32>(v128.load(x, 48), origins);
      s0 = multiplyAdd(d0, d0, s0);
      s1 = multiplyAdd(d1, d1, s1);
      s2 = multiplyAdd(d2, d2, s2);
      s3 = multiplyAdd(d3, d3, s3);
    }
    for (const end = at(x, run & 15); x < end; x += 16) {
      const d = v128.sub<f32>(v128.load(x), origins);
      s0 = multiplyAdd(d, d, s0);
    }
    total += wideSum(v128.add<f32>(v128.add<f32>(s0, s1), v128.add<f32>(s2, s3)));
  }
  for (const end = at(x, count); x < end; x += 4) {
    const d = <f64>(load<f32>(x) - origin);
    total += d * d;
  }
  return total;
}

@inline
function wideSum(x: v128): f64 {
  const sum = v128.add<f64>(low(x), high(x));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** ((x − origin) · inverse + summand) · gamma + beta; the summand corrects the rounding of the origin. */
function normalise(
  x: usize, out: usize, count: i32, gamma: usize, beta: usize, origin: f32, inverse: f32, summand: f32,
): void {
  const origins = f32x4.splat(origin);
  const inverses = f32x4.splat(inverse);
  const summands = f32x4.splat(summand);
  for (const end = at(x, count & ~3); x < end; x += 16) {
    const normal = multiplyAdd(v128.sub<f32>(v128.load(x), origins), inverses, summands);
    v128.store(out, multiplyAdd(normal, v128.load(gamma), v128.load(beta)));
    out += 16;
    gamma += 16;
    beta += 16;
  }
  for (const end = at(x, count & 3); x < end; x += 4) {
    store<f32>(out, ((load<f32>(x) - origin) * inverse + summand) * load<f32>(gamma) + load<f32>(beta));
    out += 4;
    gamma += 4;
    beta += 4;
  }
}
