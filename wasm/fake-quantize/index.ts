/**
 * Values rounded to what a quantized tensor can hold, the gradient of that, and their ranges.
 * `runtime/ops/fakeQuantize.ts` composes the same from tfjs operations: the same roundings, in the same order.
 */
import { arg } from '../args';
import { loadTail, maxLanes, storeTail } from '../math';
import { rangeStart, rowStart } from '../range';

/** The argument block of `fakeQuantize` and its gradient: 32-bit words in this order. `runtime/kernels/elementwise/fakeQuantize.ts` writes it. */
const X: i32 = 0;
const RANGE: i32 = 1;
const OUT: i32 = 2;
const COUNT: i32 = 3;
/** A float: the number of levels minus one. */
const LEVELS: usize = 16;
const DY: i32 = 5;

export function fakeQuantize(args: usize, scratch: usize, part: i32, parts: i32): void {
  const count = arg(args, COUNT);
  const first = rangeStart(count, part, parts);
  let left = rangeStart(count, part + 1, parts) - first;
  let x = <usize>arg(args, X) + (<usize>first << 2);
  let out = <usize>arg(args, OUT) + (<usize>first << 2);
  const step = stepOf(args);
  const zero = zeroOf(args, step);
  const scale = f32x4.splat(step);
  const low = f32x4.splat(-zero);
  const high = f32x4.splat(load<f32>(args + LEVELS) - zero);
  for (; left >= 4; left -= 4) {
    v128.store(out, rounded(v128.load(x), scale, low, high));
    x += 16;
    out += 16;
  }
  if (left > 0) storeTail(out, rounded(loadTail(x, left, 0), scale, low, high), left);
}

export function fakeQuantizeGrad(args: usize, scratch: usize, part: i32, parts: i32): void {
  const count = arg(args, COUNT);
  const first = rangeStart(count, part, parts);
  let left = rangeStart(count, part + 1, parts) - first;
  let x = <usize>arg(args, X) + (<usize>first << 2);
  let dy = <usize>arg(args, DY) + (<usize>first << 2);
  let out = <usize>arg(args, OUT) + (<usize>first << 2);
  const step = stepOf(args);
  const zero = zeroOf(args, step);
  const scale = f32x4.splat(step);
  const low = f32x4.splat(-zero);
  const high = f32x4.splat(load<f32>(args + LEVELS) - zero);
  for (; left >= 4; left -= 4) {
    v128.store(out, passed(v128.load(x), v128.load(dy), scale, low, high));
    x += 16;
    dy += 16;
    out += 16;
  }
  if (left > 0) storeTail(out, passed(loadTail(x, left, 0), loadTail(dy, left, 0), scale, low, high), left);
}

/** The width of a step; 1 if the range holds only zero. */
@inline
function stepOf(args: usize): f32 {
  const range = <usize>arg(args, RANGE);
  const width = (max<f32>(load<f32>(range, 4), 0) - min<f32>(load<f32>(range), 0)) / load<f32>(args + LEVELS);
  return width == 0 ? 1 : width;
}

/** The number of steps from the least value to zero. */
@inline
function zeroOf(args: usize, step: f32): f32 {
  const least = min<f32>(load<f32>(<usize>arg(args, RANGE)), 0);
  return max<f32>(min<f32>(nearest<f32>(-least / step), load<f32>(args + LEVELS)), 0);
}

@inline
function rounded(x: v128, scale: v128, low: v128, high: v128): v128 {
  const steps = v128.nearest<f32>(v128.div<f32>(x, scale));
  return v128.mul<f32>(v128.pmin<f32>(v128.pmax<f32>(steps, low), high), scale);
}

@inline
function passed(x: v128, dy: v128, scale: v128, low: v128, high: v128): v128 {
  const steps = v128.nearest<f32>(v128.div<f32>(x, scale));
  return v128.and(dy, v128.and(v128.ge<f32>(steps, low), v128.le<f32>(steps, high)));
}

/** The argument block of both kernels of a moving range. */
const PARTIALS: i32 = 3;
const CHUNKS: i32 = 4;
const VALUES: i32 = 5;
/** A float: 1 − momentum. */
const DECAY: usize = 24;

/** Minimum and maximum of each chunk, and zero. */
export function movingRange(args: usize, scratch: usize, part: i32, parts: i32): void {
  const chunks = arg(args, CHUNKS);
  const count = arg(args, VALUES);
  const partials = <usize>arg(args, PARTIALS);
  for (let chunk = rowStart(chunks, part, parts); chunk < rowStart(chunks, part + 1, parts); chunk++) {
    const first = rangeStart(count, chunk, chunks);
    let left = rangeStart(count, chunk + 1, chunks) - first;
    let x = <usize>arg(args, X) + (<usize>first << 2);
    let least = f32x4.splat(0);
    let most = least;
    for (; left >= 4; left -= 4) {
      const values = v128.load(x);
      least = v128.min<f32>(least, values);
      most = v128.max<f32>(most, values);
      x += 16;
    }
    if (left > 0) {
      const values = loadTail(x, left, 0);
      least = v128.min<f32>(least, values);
      most = v128.max<f32>(most, values);
    }
    store<f32>(partials + (<usize>chunk << 3), -maxLanes(v128.neg<f32>(least)));
    store<f32>(partials + (<usize>chunk << 3), maxLanes(most), 4);
  }
}

/** Too little to share: the first part does all. */
export function movingRangeFinish(args: usize, scratch: usize, part: i32, parts: i32): void {
  if (part > 0) return;
  const chunks = arg(args, CHUNKS);
  let partial = <usize>arg(args, PARTIALS);
  let least: f32 = 0;
  let most: f32 = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    least = min<f32>(least, load<f32>(partial));
    most = max<f32>(most, load<f32>(partial, 4));
    partial += 8;
  }
  const range = <usize>arg(args, RANGE);
  const out = <usize>arg(args, OUT);
  const oldLeast = load<f32>(range);
  const oldMost = load<f32>(range, 4);
  const isFirst = oldLeast == 0 && oldMost == 0;
  const decay = load<f32>(args + DECAY);
  store<f32>(out, isFirst ? least : oldLeast - (oldLeast - least) * decay);
  store<f32>(out, isFirst ? most : oldMost - (oldMost - most) * decay, 4);
}

/** The argument block of weights, which are [outer, channels, inner]. */
const FACTORS: i32 = 1;
const OUTER: i32 = 3;
const CHANNELS: i32 = 4;
const INNER: i32 = 5;
const IS_PER_CHANNEL: i32 = 6;
/** A float: numbers above zero. */
const WEIGHT_LEVELS: usize = 28;

/** Each part takes some channels; each part finds a shared range by itself. */
export function fakeQuantizeWeights(args: usize, scratch: usize, part: i32, parts: i32): void {
  const channels = arg(args, CHANNELS);
  const levels = load<f32>(args + WEIGHT_LEVELS);
  const isPerChannel = arg(args, IS_PER_CHANNEL) != 0;
  const first = rangeStart(channels, part, parts);
  const end = rangeStart(channels, part + 1, parts);
  let shared: f32 = 0;
  if (!isPerChannel && first < end) {
    for (let channel = 0; channel < channels; channel++) shared = max<f32>(shared, largest(args, channel));
  }
  for (let channel = first; channel < end; channel++) {
    const width = (isPerChannel ? largest(args, channel) : shared) / levels;
    roundChannel(args, channel, width == 0 ? 1 : width);
  }
}

@inline
function factorOf(args: usize, channel: i32): f32 {
  const factors = <usize>arg(args, FACTORS);
  return factors == 0 ? 1 : load<f32>(factors + (<usize>channel << 2));
}

function largest(args: usize, channel: i32): f32 {
  const outer = arg(args, OUTER);
  const inner = arg(args, INNER);
  const stride = <usize>(arg(args, CHANNELS) * inner) << 2;
  const factor = factorOf(args, channel);
  let row = <usize>arg(args, X) + (<usize>(channel * inner) << 2);
  let most: f32 = 0;
  for (let i = 0; i < outer; i++) {
    for (let j = 0; j < inner; j++) most = max<f32>(most, abs<f32>(load<f32>(row + (<usize>j << 2)) * factor));
    row += stride;
  }
  return most;
}

function roundChannel(args: usize, channel: i32, step: f32): void {
  const outer = arg(args, OUTER);
  const inner = arg(args, INNER);
  const stride = <usize>(arg(args, CHANNELS) * inner) << 2;
  const factor = factorOf(args, channel);
  const hasFactors = arg(args, FACTORS) != 0;
  const start = <usize>(channel * inner) << 2;
  let row = <usize>arg(args, X) + start;
  let out = <usize>arg(args, OUT) + start;
  for (let i = 0; i < outer; i++) {
    for (let j = 0; j < inner; j++) {
      const at = <usize>j << 2;
      const x = load<f32>(row + at);
      const steps = nearest<f32>((x * factor) / step) * step;
      store<f32>(out + at, factor == 0 ? x : hasFactors ? steps / factor : steps);
    }
    row += stride;
    out += stride;
  }
}
