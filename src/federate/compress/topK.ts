import { checkFraction, invalidOption } from '../../core/options.ts';
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

const OPTIONS = schema('topK', {
  /** The fraction of values that is sent, above 0 and at most 1; at least one value is. Default 0.01. */
  fraction: given<number>((value, name) => {
    if (checkFraction(value, name) === 0) throw invalidOption(name, value, 'a fraction above 0');
  }, 0.01),
  /** What was not sent before, from an earlier one's `residual`. Default: nothing. */
  residual: given<Float32Array>(),
});

/** How much of an update travels. */
export interface TopKOptions extends OptionsOf<typeof OPTIONS> {}

const MARK = 'LBTK';
/** A gap between two positions takes 7 bits of each byte; the eighth says that more follow. */
const GAP_BITS = 7;
const MORE = 0x80;

/**
 * Each round sends the values of the largest magnitude with their positions; of equal ones those that come first. Positions are
 * written as gaps, mostly of one byte, so that a value takes about five bytes. What was not sent is added to the next round's values.
 * Shapes    any, together → one array of bytes
 * Units     values as they are: changes of weights, not weights
 * Throws    invalid-option: `fraction` is not above 0 and at most 1
 * Source    Aji and Heafield 2017, "Sparse Communication for Distributed Gradient Descent", arXiv:1704.05021
 */
export function topK(options: TopKOptions = {}): Compression {
  const { fraction, residual } = OPTIONS.read(options);
  return compression(topKCompressor(fraction), residual);
}

/** Without a memory of what was not sent. */
export function topKCompressor(fraction: number): Compressor {
  return {
    name: 'topK',
    compress: (values) => write(values, Math.min(values.length, Math.max(1, Math.round(fraction * values.length)))),
    expand,
  };
}

function write(values: Float32Array, kept: number): Uint8Array<ArrayBuffer> {
  const positions = largest(values, kept);
  const view = new DataView(new ArrayBuffer(12 + positions.length * 9));
  let at = writeMark(view, MARK, values.length);
  view.setUint32(at, positions.length, true);
  at += 4;
  let next = 0;
  for (const position of positions) {
    let gap = position - next;
    for (; gap >= MORE; gap = Math.floor(gap / MORE)) view.setUint8(at++, (gap % MORE) | MORE);
    view.setUint8(at++, gap);
    next = position + 1;
  }
  for (const position of positions) {
    view.setFloat32(at, values[position] as number, true);
    at += 4;
  }
  return new Uint8Array(view.buffer.slice(0, at));
}

/** Positions of the largest magnitudes, in ascending order. */
function largest(values: Float32Array, kept: number): Uint32Array {
  const magnitudes = values.map(Math.abs);
  const limit = magnitudes.toSorted()[values.length - kept] ?? 0;
  const positions = new Uint32Array(kept);
  let room = kept;
  for (const magnitude of magnitudes) if (magnitude > limit) room--;
  let at = 0;
  for (const [i, magnitude] of magnitudes.entries()) {
    if (magnitude > limit || (magnitude === limit && room-- > 0)) positions[at++] = i;
  }
  return positions;
}

function expand(bytes: Uint8Array, length: number): Float32Array<ArrayBuffer> {
  const view = viewOf(bytes);
  let at = readMark(view, MARK, length);
  if (view.byteLength < at + 4) throw invalidUpdate('the number of values that were sent is missing');
  const kept = view.getUint32(at, true);
  at += 4;
  // Five bytes are the fewest that a value takes: nothing is allocated for values that cannot be there.
  if (kept > length || view.byteLength - at < 5 * kept) throw invalidUpdate(`${kept} values cannot be in them`);
  const positions = new Uint32Array(kept);
  let next = 0;
  for (let i = 0; i < kept; i++) {
    let [gap, scale, byte] = [0, 1, MORE];
    for (let bits = 0; byte >= MORE; bits += GAP_BITS) {
      if (bits > 28 || at >= view.byteLength) throw invalidUpdate('a position has no end');
      byte = view.getUint8(at++);
      gap += (byte % MORE) * scale;
      scale *= MORE;
    }
    if (byte === 0 && scale > MORE) throw invalidUpdate('a position is written in too many bytes');
    next += gap;
    if (next >= length) throw invalidUpdate(`position ${next} is beyond the last`);
    positions[i] = next++;
  }
  if (view.byteLength - at !== 4 * kept)
    throw invalidUpdate(`${view.byteLength - at} bytes of values follow, not ${4 * kept}`);
  const values = new Float32Array(length);
  for (const position of positions) {
    const value = view.getFloat32(at, true);
    if (!Number.isFinite(value)) throw invalidUpdate(`the value at position ${position} is ${value}`);
    values[position] = value;
    at += 4;
  }
  return values;
}
