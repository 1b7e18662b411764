// Sums of the gradient of a batch normalisation over the rows of one chunk.
import { masked, maskedOne } from '../batch-norm/normal';
import { multiplyAdd } from '../math';
import { BLOCK_ROWS, STRIPE_BYTES } from '../reduce/columns';
import { addWide } from '../reduce/lanes';

/**
 * In the order of memory: a block's sums stay in the first-level cache. `width` is a multiple of four; `means` are followed by the
 * factors and summands of y, a stripe apart. `block` has room for two stripes.
 */
@inline
export function sumStripe(
  x: usize, dy: usize, means: usize, rowBytes: usize, rows: i32, width: i32, sums: usize, products: usize, block: usize,
  activation: i32,
): void {
  const bytes = <usize>width << 2;
  memory.fill(sums, 0, bytes << 1);
  memory.fill(products, 0, bytes << 1);
  while (rows > 0) {
    let count = min(rows, BLOCK_ROWS);
    rows -= count;
    memory.fill(block, 0, STRIPE_BYTES << 1);
    for (; count >= 4; count -= 4) {
      for (let i: usize = 0; i < bytes; i += 16) addRows(x + i, dy + i, means + i, rowBytes, 4, block + i, activation);
      x += rowBytes << 2;
      dy += rowBytes << 2;
    }
    for (; count > 0; count--) {
      for (let i: usize = 0; i < bytes; i += 16) addRows(x + i, dy + i, means + i, rowBytes, 1, block + i, activation);
      x += rowBytes;
      dy += rowBytes;
    }
    for (let i: usize = 0; i < bytes; i += 16) {
      addWide(sums + i * 2, v128.load(block + i));
      addWide(products + i * 2, v128.load(block + STRIPE_BYTES + i));
    }
  }
}

/** One or four rows of four columns. */
@inline
function addRows(x: usize, dy: usize, means: usize, rowBytes: usize, rows: i32, sums: usize, activation: i32): void {
  const m = v128.load(means);
  const a = v128.load(means + STRIPE_BYTES);
  const b = v128.load(means + STRIPE_BYTES * 2);
  const d0 = v128.sub<f32>(v128.load(x), m);
  const g0 = masked(v128.load(dy), d0, a, b, activation);
  let sum = v128.add<f32>(v128.load(sums), g0);
  let product = multiplyAdd(g0, d0, v128.load(sums + STRIPE_BYTES));
  if (rows == 4) {
    const d1 = v128.sub<f32>(v128.load(x + rowBytes), m);
    const g1 = masked(v128.load(dy + rowBytes), d1, a, b, activation);
    const d2 = v128.sub<f32>(v128.load(x + rowBytes * 2), m);
    const g2 = masked(v128.load(dy + rowBytes * 2), d2, a, b, activation);
    const d3 = v128.sub<f32>(v128.load(x + rowBytes * 3), m);
    const g3 = masked(v128.load(dy + rowBytes * 3), d3, a, b, activation);
    sum = v128.add<f32>(v128.add<f32>(v128.add<f32>(sum, g1), g2), g3);
    product = multiplyAdd(g3, d3, multiplyAdd(g2, d2, multiplyAdd(g1, d1, product)));
  }
  v128.store(sums, sum);
  v128.store(sums + STRIPE_BYTES, product);
}

export function sumOne(
  x: usize, dy: usize, mean: usize, rowBytes: usize, rows: i32, sums: usize, products: usize, activation: i32,
): void {
  const m = <f64>load<f32>(mean);
  let sum: f64 = 0;
  let product: f64 = 0;
  for (let row = 0; row < rows; row++) {
    const gradient = <f64>maskedOne(x, dy, mean, STRIPE_BYTES, activation);
    sum += gradient;
    product += gradient * (<f64>load<f32>(x) - m);
    x += rowBytes;
    dy += rowBytes;
  }
  store<f64>(sums, sum);
  store<f64>(products, product);
}
