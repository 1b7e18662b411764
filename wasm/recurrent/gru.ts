import { arg } from '../args';
import { multiplyAdd } from '../math';
import { mathTable, tanh4 } from '../mathTable';
import { rowStart } from '../range';
import { gate, loadUpTo, storeUpTo } from './gates';
import { productOfRows, ROW_BYTES, ROWS, STEP_BYTES } from './product';

/**
 * The argument blocks: 32-bit words in this order. `runtime/kernels/recurrent/gruSequence….ts` write them. GATES are z,
 * r and the candidate; INNER is the input of the candidate's recurrent product (r · h) or, with the reset after it, its
 * output.
 */
export const BATCH: i32 = 0;
export const TIME: i32 = 1;
export const UNITS: i32 = 2;
export const IS_HARD: i32 = 3;
export const IS_AFTER: i32 = 4;
/** The packed z and r columns of U; backward, with the reset after, all of them. */
export const PACKED_GATES: i32 = 5;
export const PACKED_NEW: i32 = 6;
export const GATES: i32 = 7;
export const INNER: i32 = 8;
export const H0: i32 = 9;
export const H: i32 = 10;

const H_LAST: i32 = 11;
/** 3U values, or 0 for none. */
const RECURRENT_BIAS: i32 = 12;

/**
 * All steps of a GRU. GATES holds x · W + b [B, T, 3U] and becomes the gates' values. A part is a run of rows of the
 * batch; each step is two products, because the candidate needs r of all units.
 */
export function forward(args: usize, tile: usize, part: i32, parts: i32): void {
  const batch = arg(args, BATCH);
  const time = arg(args, TIME);
  const units = arg(args, UNITS);
  const isAfter = arg(args, IS_AFTER) != 0;
  const unitsBytes = <usize>units << 2;
  const sequenceBytes = <usize>time * unitsBytes;
  const first = rowStart(batch, part, parts);
  const last = rowStart(batch, part + 1, parts);
  const table = mathTable(tile);
  for (let t = 0; t < time; t++) {
    const stride = t == 0 ? unitsBytes : sequenceBytes;
    const hidden = t == 0 ? <usize>arg(args, H0) : <usize>arg(args, H) + <usize>(t - 1) * unitsBytes;
    let panel = <usize>arg(args, PACKED_GATES);
    for (let unit = 0; unit < units; unit += 8) {
      for (let row = first; row < last; row += ROWS) {
        const rows = min(ROWS, last - row);
        productOfRows(hidden + <usize>row * stride, stride, rows, panel, units, tile);
        for (let r = 0; r < rows; r++) {
          const at = <usize>((row + r) * time + t) * unitsBytes;
          const before = hidden + <usize>(row + r) * stride;
          const sums = tile + <usize>r * ROW_BYTES;
          openGates(args, sums, at, before, unitsBytes, unit, units - unit, table);
          if (unit + 4 < units) openGates(args, sums + 16, at, before, unitsBytes, unit + 4, units - unit - 4, table);
        }
      }
      panel += <usize>units * STEP_BYTES;
    }
    const read = isAfter ? hidden : <usize>arg(args, INNER) + <usize>t * unitsBytes;
    const readStride = isAfter ? stride : sequenceBytes;
    panel = <usize>arg(args, PACKED_NEW);
    for (let unit = 0; unit < units; unit += 16) {
      for (let row = first; row < last; row += ROWS) {
        const rows = min(ROWS, last - row);
        productOfRows(read + <usize>row * readStride, readStride, rows, panel, units, tile);
        for (let r = 0; r < rows; r++) {
          const at = <usize>((row + r) * time + t) * unitsBytes;
          const before = hidden + <usize>(row + r) * stride;
          for (let j = 0; j < min(16, units - unit); j += 4) {
            const sum = v128.load(tile + <usize>r * ROW_BYTES + (<usize>j << 2));
            step(args, sum, at, before, unitsBytes, unit + j, units - unit - j, isAfter, table);
          }
        }
      }
      panel += <usize>units * STEP_BYTES;
    }
  }
  for (let row = first; row < last; row++) {
    const from = <usize>arg(args, H) + <usize>((row + 1) * time - 1) * unitsBytes;
    memory.copy(<usize>arg(args, H_LAST) + <usize>row * unitsBytes, from, unitsBytes);
  }
}

/** z and r of four units of one row; their sums lie 32 bytes apart. */
function openGates(
  args: usize, sums: usize, at: usize, before: usize, unitsBytes: usize, unit: i32, count: i32, table: usize,
): void {
  const isHard = arg(args, IS_HARD) != 0;
  const column = <usize>unit << 2;
  const zAt = <usize>arg(args, GATES) + 3 * at + column;
  const rAt = zAt + unitsBytes;
  let z = v128.add<f32>(loadUpTo(zAt, count), v128.load(sums));
  let r = v128.add<f32>(loadUpTo(rAt, count), v128.load(sums, 32));
  const bias = <usize>arg(args, RECURRENT_BIAS);
  if (bias) {
    z = v128.add<f32>(z, loadUpTo(bias + column, count));
    r = v128.add<f32>(r, loadUpTo(bias + unitsBytes + column, count));
  }
  r = gate(r, isHard, table);
  storeUpTo(zAt, gate(z, isHard, table), count);
  storeUpTo(rAt, r, count);
  if (arg(args, IS_AFTER)) return;
  storeUpTo(<usize>arg(args, INNER) + at + column, v128.mul<f32>(r, loadUpTo(before + column, count)), count);
}

/** The candidate and the output of four units of one row. */
function step(
  args: usize, sum: v128, at: usize, before: usize, unitsBytes: usize, unit: i32, count: i32, isAfter: bool,
  table: usize,
): void {
  const column = <usize>unit << 2;
  const gates = <usize>arg(args, GATES) + 3 * at + column;
  const newAt = gates + 2 * unitsBytes;
  let x = loadUpTo(newAt, count);
  if (isAfter) {
    const bias = <usize>arg(args, RECURRENT_BIAS);
    if (bias) sum = v128.add<f32>(sum, loadUpTo(bias + 2 * unitsBytes + column, count));
    storeUpTo(<usize>arg(args, INNER) + at + column, sum, count);
    x = multiplyAdd(loadUpTo(gates + unitsBytes, count), sum, x);
  } else {
    x = v128.add<f32>(x, sum);
  }
  const fresh = tanh4(x, table);
  storeUpTo(newAt, fresh, count);
  const kept = v128.sub<f32>(loadUpTo(before + column, count), fresh);
  storeUpTo(<usize>arg(args, H) + at + column, multiplyAdd(loadUpTo(gates, count), kept, fresh), count);
}
