/**
 * Scaled dot-product attention on heads that are next to each other in the rows, as projections leave them: nothing is
 * transposed in memory. One head of one example is one unit of work; its operands are packed once, and its rows go
 * through in blocks whose scores stay in the cache. See NOTES.md.
 */
import { arg } from '../args';
import { loadTail, storeTail } from '../math';
import { mathTable } from '../mathTable';
import { rowStart } from '../range';
import { exponentials, rowGrad, rowMax, scale } from '../softmax';
import { pack, packedBytes, packTransposed, product, productOfSeen, productOfTransposed } from './product';

/** The argument block: 32-bit words in this order. `runtime/kernels/matmul/attention.ts` writes it. Mask strides are in values. */
const Q: i32 = 0;
const K: i32 = 1;
const V: i32 = 2;
const BATCH: i32 = 3;
const HEADS: i32 = 4;
const QUERIES: i32 = 5;
const KEYS: i32 = 6;
const WIDTH: i32 = 7;
/** A float. */
const FACTOR: usize = 32;
const PROBS: i32 = 9;
const OUT: i32 = 10;
const IS_CAUSAL: i32 = 11;
const MASK: i32 = 12;
const MASK_BATCH: i32 = 13;
const MASK_HEAD: i32 = 14;
const MASK_ROW: i32 = 15;
/** Of the gradient, after PROBS. */
const DY: i32 = 10;
const DQ: i32 = 11;
const DK: i32 = 12;
const DV: i32 = 13;
const IS_GRAD_CAUSAL: i32 = 14;

/** Scratch: two packed operands of a head, then the scores of a block of rows, then two packed blocks of rows. */
const SCORES: usize = 256 * 1024;
const SCORE_VALUES: i32 = 32 * 1024;
const BLOCK_ONE: usize = 384 * 1024;
const BLOCK_TWO: usize = 448 * 1024;
const MOST_ROWS: i32 = 64;
/** What a product needs, after the table of constants. */
const ROOM: usize = 513 * 1024;

/** How many keys a row sees: a causal row those up to its own position. */
@inline
function seenBy(row: i32, keys: i32, isCausal: bool): i32 {
  return isCausal ? min(keys, row + 1) : keys;
}

@inline
function blockRows(keys: i32): i32 {
  return min(MOST_ROWS, SCORE_VALUES / keys);
}

/** Part `part` of the units: out = softmax(Q Kᵀ · factor + mask) V, and the probabilities. */
export function attention(args: usize, scratch: usize, part: i32, parts: i32): void {
  const heads = arg(args, HEADS);
  const units = arg(args, BATCH) * heads;
  const last = rowStart(units, part + 1, parts);
  const t = mathTable(scratch);
  for (let unit = rowStart(units, part, parts); unit < last; unit++) head(args, scratch, unit / heads, unit % heads, t);
}

function head(args: usize, scratch: usize, example: i32, index: i32, t: usize): void {
  const heads = arg(args, HEADS);
  const queries = arg(args, QUERIES);
  const keys = arg(args, KEYS);
  const width = arg(args, WIDTH);
  const rowBytes = <usize>(heads * width) << 2;
  const ofQueries = <usize>(example * queries) * rowBytes + (<usize>(index * width) << 2);
  const ofKeys = <usize>(example * keys) * rowBytes + (<usize>(index * width) << 2);
  const packedK = scratch;
  const packedV = scratch + packedBytes(width, keys);
  packTransposed(<usize>arg(args, K) + ofKeys, rowBytes, width, keys, packedK);
  pack(<usize>arg(args, V) + ofKeys, rowBytes, keys, width, packedV);
  const scoreBytes = <usize>keys << 2;
  const probs = <usize>arg(args, PROBS) + <usize>((example * heads + index) * queries) * scoreBytes;
  let mask = <usize>arg(args, MASK);
  if (mask) mask += <usize>(example * arg(args, MASK_BATCH) + index * arg(args, MASK_HEAD)) << 2;
  const isCausal = arg(args, IS_CAUSAL) != 0;
  const step = blockRows(keys);
  const room = scratch + ROOM;
  for (let first = 0; first < queries; first += step) {
    const rows = min(step, queries - first);
    const block = probs + <usize>first * scoreBytes;
    const q = <usize>arg(args, Q) + ofQueries + <usize>first * rowBytes;
    const seenFirst = seenBy(first, keys, isCausal);
    product(q, rowBytes, packedK, block, scoreBytes, rows, keys, width, load<f32>(args + FACTOR), seenFirst, room);
    for (let row = 0; row < rows; row++) {
      const scores = block + <usize>row * scoreBytes;
      const seen = seenBy(first + row, keys, isCausal);
      if (mask) addRow(mask + (<usize>((first + row) * arg(args, MASK_ROW)) << 2), scores, seen);
      const sum = exponentials(scores, scores, seen, rowMax(scores, seen), t);
      scale(scores, seen, 1 / sum);
      if (seen < keys) memory.fill(scores + (<usize>seen << 2), 0, <usize>(keys - seen) << 2);
    }
    const out = <usize>arg(args, OUT) + ofQueries + <usize>first * rowBytes;
    productOfSeen(block, scoreBytes, packedV, out, rowBytes, rows, width, keys, seenFirst, room);
  }
}

function addRow(x: usize, to: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(to, v128.add<f32>(v128.load(to), v128.load(x)));
    x += 16;
    to += 16;
  }
  if (count > 0) storeTail(to, v128.add<f32>(loadTail(to, count, 0), loadTail(x, count, 0)), count);
}

/**
 * Gradients of the three inputs from the probabilities P: dV = Pᵀ dY, dS = P ∘ (dY Vᵀ − its mean under P),
 * dQ = dS K · factor, dK = dSᵀ Q · factor.
 */
export function attentionGrad(args: usize, scratch: usize, part: i32, parts: i32): void {
  const heads = arg(args, HEADS);
  const units = arg(args, BATCH) * heads;
  const last = rowStart(units, part + 1, parts);
  for (let unit = rowStart(units, part, parts); unit < last; unit++) headGrad(args, scratch, unit / heads, unit % heads);
}

function headGrad(args: usize, scratch: usize, example: i32, index: i32): void {
  const heads = arg(args, HEADS);
  const queries = arg(args, QUERIES);
  const keys = arg(args, KEYS);
  const width = arg(args, WIDTH);
  const factor = load<f32>(args + FACTOR);
  const rowBytes = <usize>(heads * width) << 2;
  const ofQueries = <usize>(example * queries) * rowBytes + (<usize>(index * width) << 2);
  const ofKeys = <usize>(example * keys) * rowBytes + (<usize>(index * width) << 2);
  const packedV = scratch;
  const packedK = scratch + packedBytes(width, keys);
  packTransposed(<usize>arg(args, V) + ofKeys, rowBytes, width, keys, packedV);
  pack(<usize>arg(args, K) + ofKeys, rowBytes, keys, width, packedK);
  const scoreBytes = <usize>keys << 2;
  const probs = <usize>arg(args, PROBS) + <usize>((example * heads + index) * queries) * scoreBytes;
  const dK = <usize>arg(args, DK) + ofKeys;
  const dV = <usize>arg(args, DV) + ofKeys;
  const scores = scratch + SCORES;
  const isCausal = arg(args, IS_GRAD_CAUSAL) != 0;
  const step = blockRows(keys);
  const room = scratch + ROOM;
  for (let first = 0; first < queries; first += step) {
    const rows = min(step, queries - first);
    const seenFirst = seenBy(first, keys, isCausal);
    const adds = first > 0;
    const p = probs + <usize>first * scoreBytes;
    const ofBlock = ofQueries + <usize>first * rowBytes;
    const dy = <usize>arg(args, DY) + ofBlock;
    product(dy, rowBytes, packedV, scores, scoreBytes, rows, keys, width, 1, seenFirst, room);
    for (let row = 0; row < rows; row++) {
      const at = scores + <usize>row * scoreBytes;
      const seen = seenBy(first + row, keys, isCausal);
      rowGrad(p + <usize>row * scoreBytes, at, at, seen, factor);
      if (seen < keys) memory.fill(at + (<usize>seen << 2), 0, <usize>(keys - seen) << 2);
    }
    const dQ = <usize>arg(args, DQ) + ofBlock;
    productOfSeen(scores, scoreBytes, packedK, dQ, rowBytes, rows, width, keys, seenFirst, room);
    pack(<usize>arg(args, Q) + ofBlock, rowBytes, rows, width, scratch + BLOCK_ONE);
    productOfTransposed(scores, scoreBytes, scratch + BLOCK_ONE, dK, rowBytes, keys, width, rows, seenFirst, adds, room);
    pack(dy, rowBytes, rows, width, scratch + BLOCK_TWO);
    productOfTransposed(p, scoreBytes, scratch + BLOCK_TWO, dV, rowBytes, keys, width, rows, seenFirst, adds, room);
  }
}
