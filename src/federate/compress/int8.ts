import { given, type OptionsOf, schema } from '../../core/schema.ts';
import {
  type Compression,
  type Compressor,
  compression,
  invalidUpdate,
  readMark,
  viewOf,
  writeMark,
} from '../compressor.ts';

const OPTIONS = schema('int8', {
  /** What was not sent before, from an earlier one's `residual`. Default: nothing. */
  residual: given<Float32Array>(),
});

/** What was left out before. */
export interface Int8Options extends OptionsOf<typeof OPTIONS> {}

const MARK = 'LBI8';
/** Values that share a scale. */
const BLOCK = 256;
const MOST = 127;

/**
 * Each round sends each value as a whole number from −127 to 127 times the scale of its block of 256: a quarter of the bytes. A value
 * is off by at most half a step, which is 1/254 of the largest magnitude in its block; the rest is added to the next round's values.
 * Shapes    any, together → one array of bytes
 * Units     values as they are: changes of weights, not weights
 * Source    Dettmers 2016, "8-Bit Approximations for Parallelism in Deep Learning", arXiv:1511.04561
 * Differs   steps are equal, and scales belong to blocks, so that one large value does not coarsen the others
 */
export function int8(options: Int8Options = {}): Compression {
  return compression(int8Compressor, OPTIONS.read(options).residual);
}

/** Without a memory of what was not sent. */
export const int8Compressor: Compressor = { name: 'int8', compress, expand };

function compress(values: Float32Array): Uint8Array<ArrayBuffer> {
  const blocks = Math.ceil(values.length / BLOCK);
  const view = new DataView(new ArrayBuffer(8 + 4 * blocks + values.length));
  let at = writeMark(view, MARK, values.length);
  for (let start = 0; start < values.length; start += BLOCK) {
    const block = values.subarray(start, start + BLOCK);
    const scale = Math.fround(block.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / MOST);
    view.setFloat32(at, scale, true);
    at += 4;
    for (const value of block) view.setInt8(at++, scale === 0 ? 0 : level(value / scale));
  }
  return new Uint8Array(view.buffer);
}

function level(steps: number): number {
  return Math.max(-MOST, Math.min(MOST, Math.round(steps)));
}

function expand(bytes: Uint8Array, length: number): Float32Array<ArrayBuffer> {
  const view = viewOf(bytes);
  let at = readMark(view, MARK, length);
  const needed = at + 4 * Math.ceil(length / BLOCK) + length;
  if (view.byteLength !== needed) throw invalidUpdate(`they are ${view.byteLength} bytes long, not ${needed}`);
  const values = new Float32Array(length);
  for (let start = 0; start < length; start += BLOCK) {
    const scale = view.getFloat32(at, true);
    at += 4;
    // What is above could be infinite times 127.
    if (!(scale >= 0 && Number.isFinite(Math.fround(scale * MOST)))) throw invalidUpdate(`a scale is ${scale}`);
    for (let i = start; i < Math.min(start + BLOCK, length); i++) {
      const steps = view.getInt8(at++);
      if (steps < -MOST) throw invalidUpdate('a value is −128 steps');
      values[i] = steps * scale;
    }
  }
  return values;
}
