/**
 * Gradient of layer normalisation. With x̂ the normalised row, s its inverse standard deviation, g = dy · gamma:
 * dx = s · (g − mean(g) − x̂ · mean(g · x̂)), dgamma = Σ dy · x̂ and dbeta = Σ dy over the rows. Two kernels run one
 * after the other: rows with the sums of each chunk of them, then the sums of the chunks.
 */
import { arg } from '../args';
import { at, BLOCK_ROWS, firstOf, wideAt } from '../reduce/columns';
import { multiplyAdd } from '../math';
import { addWide, sumOfLanes } from '../reduce/lanes';

/** The argument block: 32-bit words in this order. `runtime/kernels/norm/layerNormGrad.ts` writes it. */
const X: i32 = 0;
const DY: i32 = 1;
const OUT: i32 = 2;
const GAMMA: i32 = 3;
/** Mean and inverse standard deviation of each row, side by side. */
const STATISTICS: i32 = 4;
const D_GAMMA: i32 = 5;
const D_BETA: i32 = 6;
const ROWS: i32 = 7;
const FEATURES: i32 = 8;
const CHUNKS: i32 = 9;
/** For each chunk a double for each feature's dgamma, then for each feature's dbeta. */
const PARTIALS: i32 = 10;

/** A unit of work is a chunk of rows. Scratch holds the sums of one block of rows in float32. */
export function layerNormGrad(args: usize, scratch: usize, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const features = arg(args, FEATURES);
  const chunks = arg(args, CHUNKS);
  const gamma = <usize>arg(args, GAMMA);
  const ofBeta = at(scratch, features);
  const last = firstOf(chunks, part + 1, parts);
  for (let chunk = firstOf(chunks, part, parts); chunk < last; chunk++) {
    const partials = wideAt(<usize>arg(args, PARTIALS), chunk * features * 2);
    memory.fill(partials, 0, <usize>features << 4);
    const end = firstOf(rows, chunk + 1, chunks);
    for (let first = firstOf(rows, chunk, chunks); first < end; first += BLOCK_ROWS) {
      memory.fill(scratch, 0, <usize>features << 3);
      const count = min(BLOCK_ROWS, end - first);
      for (let row = first; row < first + count; row++) {
        const statistics = at(<usize>arg(args, STATISTICS), row * 2);
        const x = at(<usize>arg(args, X), row * features);
        const dy = at(<usize>arg(args, DY), row * features);
        const out = at(<usize>arg(args, OUT), row * features);
        rowGradient(x, dy, out, gamma, scratch, ofBeta, features, load<f32>(statistics), load<f32>(statistics, 4));
      }
      flush(partials, scratch, features * 2);
    }
  }
}

/** The first walk adds to the sums over rows and finds the row's own, the second, in the cache, gives dx. */
function rowGradient(
  x: usize, dy: usize, out: usize, gamma: usize, ofGamma: usize, ofBeta: usize, count: i32, mean: f32, inverse: f32,
): void {
  const means = f32x4.splat(mean);
  const inverses = f32x4.splat(inverse);
  const whole = count & ~3;
  let g4 = f32x4.splat(0);
  let p4 = g4;
  for (let i = 0; i < whole; i += 4) {
    const gradient = v128.load(at(dy, i));
    const normal = v128.mul<f32>(v128.sub<f32>(v128.load(at(x, i)), means), inverses);
    const scaled = v128.mul<f32>(gradient, v128.load(at(gamma, i)));
    g4 = v128.add<f32>(g4, scaled);
    p4 = multiplyAdd(scaled, normal, p4);
    v128.store(at(ofGamma, i), multiplyAdd(gradient, normal, v128.load(at(ofGamma, i))));
    v128.store(at(ofBeta, i), v128.add<f32>(gradient, v128.load(at(ofBeta, i))));
  }
  let g = sumOfLanes(g4);
  let p = sumOfLanes(p4);
  for (let i = whole; i < count; i++) {
    const gradient = load<f32>(at(dy, i));
    const normal = (load<f32>(at(x, i)) - mean) * inverse;
    const scaled = gradient * load<f32>(at(gamma, i));
    g += scaled;
    p += scaled * normal;
    store<f32>(at(ofGamma, i), load<f32>(at(ofGamma, i)) + gradient * normal);
    store<f32>(at(ofBeta, i), load<f32>(at(ofBeta, i)) + gradient);
  }
  g /= <f32>count;
  p /= <f32>count;
  const gs = f32x4.splat(-g);
  const ps = f32x4.splat(-p);
  for (let i = 0; i < whole; i += 4) {
    const normal = v128.mul<f32>(v128.sub<f32>(v128.load(at(x, i)), means), inverses);
    const centred = multiplyAdd(v128.load(at(dy, i)), v128.load(at(gamma, i)), gs);
    v128.store(at(out, i), v128.mul<f32>(multiplyAdd(normal, ps, centred), inverses));
  }
  for (let i = whole; i < count; i++) {
    const normal = (load<f32>(at(x, i)) - mean) * inverse;
    store<f32>(at(out, i), (load<f32>(at(dy, i)) * load<f32>(at(gamma, i)) - g - normal * p) * inverse);
  }
}

function flush(partials: usize, sums: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) addWide(wideAt(partials, i), v128.load(at(sums, i)));
  for (; i < count; i++) {
    const target = wideAt(partials, i);
    store<f64>(target, load<f64>(target) + <f64>load<f32>(at(sums, i)));
  }
}

/** dgamma and dbeta: the sums of all chunks, in order. A part is a run of features. */
export function layerNormGradFinish(args: usize, scratch: usize, part: i32, parts: i32): void {
  const features = arg(args, FEATURES);
  const size = arg(args, CHUNKS) * features * 2;
  const last = firstOf(features, part + 1, parts);
  for (let feature = firstOf(features, part, parts); feature < last; feature++) {
    let ofGamma: f64 = 0;
    let ofBeta: f64 = 0;
    for (let i = feature; i < size; i += features * 2) {
      ofGamma += load<f64>(wideAt(<usize>arg(args, PARTIALS), i));
      ofBeta += load<f64>(wideAt(<usize>arg(args, PARTIALS), i + features));
    }
    store<f32>(at(<usize>arg(args, D_GAMMA), feature), <f32>ofGamma);
    store<f32>(at(<usize>arg(args, D_BETA), feature), <f32>ofBeta);
  }
}
