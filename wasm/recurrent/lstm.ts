import { arg } from '../args';
import { multiplyAdd } from '../math';
import { mathTable, tanh4 } from '../mathTable';
import { rowStart } from '../range';
import { gate, gateSlope, loadUpTo, storeUpTo, tanhSlope } from './gates';
import { productOfRows, ROW_BYTES, ROWS, STEP_BYTES } from './product';

/** The argument blocks: 32-bit words in this order. `runtime/kernels/recurrent/lstmSequence….ts` write them. */
const BATCH: i32 = 0;
const TIME: i32 = 1;
const UNITS: i32 = 2;
const IS_HARD: i32 = 3;
const PACKED: i32 = 4;
const GATES: i32 = 5;
const CELLS: i32 = 6;
const C0: i32 = 7;

const FORWARD_H: i32 = 8;
const FORWARD_H0: i32 = 9;
const FORWARD_H_LAST: i32 = 10;
const FORWARD_C_LAST: i32 = 11;

const BACKWARD_DH: i32 = 8;
const BACKWARD_DH_LAST: i32 = 9;
const BACKWARD_DC_LAST: i32 = 10;
const BACKWARD_DZ: i32 = 11;
const BACKWARD_DH0: i32 = 12;
const BACKWARD_DC0: i32 = 13;

/**
 * All steps of an LSTM. GATES holds x · W + b [B, T, 4U] and becomes the gates' values. A part is a run of rows of the
 * batch, which it takes through all steps; a panel of the packed U holds the four gates of four units, so that a tile
 * has all that a unit's new state needs.
 */
export function forward(args: usize, tile: usize, part: i32, parts: i32): void {
  const batch = arg(args, BATCH);
  const time = arg(args, TIME);
  const units = arg(args, UNITS);
  const isHard = arg(args, IS_HARD) != 0;
  const unitsBytes = <usize>units << 2;
  const first = rowStart(batch, part, parts);
  const last = rowStart(batch, part + 1, parts);
  const table = mathTable(tile);
  for (let t = 0; t < time; t++) {
    const stride = t == 0 ? unitsBytes : <usize>time * unitsBytes;
    const hidden = t == 0 ? <usize>arg(args, FORWARD_H0) : <usize>arg(args, FORWARD_H) + <usize>(t - 1) * unitsBytes;
    const before = t == 0 ? <usize>arg(args, C0) : <usize>arg(args, CELLS) + <usize>(t - 1) * unitsBytes;
    let panel = <usize>arg(args, PACKED);
    for (let unit = 0; unit < units; unit += 4) {
      const count = units - unit;
      const column = <usize>unit << 2;
      for (let row = first; row < last; row += ROWS) {
        const rows = min(ROWS, last - row);
        productOfRows(hidden + <usize>row * stride, stride, rows, panel, units, tile);
        for (let r = 0; r < rows; r++) {
          const at = <usize>((row + r) * time + t) * unitsBytes;
          const cBefore = loadUpTo(before + <usize>(row + r) * stride + column, count);
          step(args, tile + <usize>r * ROW_BYTES, at, column, unitsBytes, cBefore, count, isHard, table);
        }
      }
      panel += <usize>units * STEP_BYTES;
    }
  }
  for (let row = first; row < last; row++) {
    const from = <usize>((row + 1) * time - 1) * unitsBytes;
    const to = <usize>row * unitsBytes;
    memory.copy(<usize>arg(args, FORWARD_H_LAST) + to, <usize>arg(args, FORWARD_H) + from, unitsBytes);
    memory.copy(<usize>arg(args, FORWARD_C_LAST) + to, <usize>arg(args, CELLS) + from, unitsBytes);
  }
}

/** Four units of one row: their gates, cell and output. */
@inline
function step(
  args: usize, sums: usize, at: usize, column: usize, unitsBytes: usize, cBefore: v128, count: i32, isHard: bool,
  table: usize,
): void {
  const gates = <usize>arg(args, GATES) + 4 * at + column;
  const inputAt = gates;
  const forgetAt = gates + unitsBytes;
  const newAt = gates + 2 * unitsBytes;
  const outputAt = gates + 3 * unitsBytes;
  const i = gate(v128.add<f32>(loadUpTo(inputAt, count), v128.load(sums)), isHard, table);
  const f = gate(v128.add<f32>(loadUpTo(forgetAt, count), v128.load(sums, 16)), isHard, table);
  const g = tanh4(v128.add<f32>(loadUpTo(newAt, count), v128.load(sums, 32)), table);
  const o = gate(v128.add<f32>(loadUpTo(outputAt, count), v128.load(sums, 48)), isHard, table);
  const c = multiplyAdd(f, cBefore, v128.mul<f32>(i, g));
  storeUpTo(inputAt, i, count);
  storeUpTo(forgetAt, f, count);
  storeUpTo(newAt, g, count);
  storeUpTo(outputAt, o, count);
  storeUpTo(<usize>arg(args, CELLS) + at + column, c, count);
  storeUpTo(<usize>arg(args, FORWARD_H) + at + column, v128.mul<f32>(o, tanh4(c, table)), count);
}

/**
 * Back through all steps: the gradient of x · W + b + h · U, and of the first states. DC0 carries the cells' gradient
 * from step to step. A panel of the packed U is sixteen of its rows, a tile what step t + 1 hands to sixteen units.
 */
export function backward(args: usize, tile: usize, part: i32, parts: i32): void {
  const batch = arg(args, BATCH);
  const time = arg(args, TIME);
  const units = arg(args, UNITS);
  const isHard = arg(args, IS_HARD) != 0;
  const unitsBytes = <usize>units << 2;
  const stride = 4 * <usize>time * unitsBytes;
  const first = rowStart(batch, part, parts);
  const last = rowStart(batch, part + 1, parts);
  const table = mathTable(tile);
  const dcBytes = <usize>first * unitsBytes;
  const dc = <usize>arg(args, BACKWARD_DC0);
  memory.copy(dc + dcBytes, <usize>arg(args, BACKWARD_DC_LAST) + dcBytes, <usize>(last - first) * unitsBytes);
  for (let t = time - 1; t >= -1; t--) {
    let panel = <usize>arg(args, PACKED);
    for (let unit = 0; unit < units; unit += 16) {
      for (let row = first; row < last; row += ROWS) {
        const rows = min(ROWS, last - row);
        if (t < time - 1) {
          const later = <usize>arg(args, BACKWARD_DZ) + <usize>row * stride + 4 * <usize>(t + 1) * unitsBytes;
          productOfRows(later, stride, rows, panel, 4 * units, tile);
        }
        for (let r = 0; r < rows; r++) {
          for (let j = 0; j < min(16, units - unit); j += 4) {
            const count = units - unit - j;
            const column = <usize>(unit + j) << 2;
            const ofRow = <usize>(row + r) * unitsBytes + column;
            const dh = t < time - 1
              ? v128.load(tile + <usize>r * ROW_BYTES + (<usize>j << 2))
              : loadUpTo(<usize>arg(args, BACKWARD_DH_LAST) + ofRow, count);
            if (t < 0) storeUpTo(<usize>arg(args, BACKWARD_DH0) + ofRow, dh, count);
            else stepBack(args, row + r, t, time, unitsBytes, column, dh, dc + ofRow, count, isHard, table);
          }
        }
      }
      panel += 4 * <usize>units * STEP_BYTES;
    }
  }
}

/** Four units of one row: from the gradient of their output and cell to that of their gates. */
@inline
function stepBack(
  args: usize, row: i32, t: i32, time: i32, unitsBytes: usize, column: usize, later: v128, dcAt: usize, count: i32,
  isHard: bool, table: usize,
): void {
  const at = <usize>(row * time + t) * unitsBytes;
  const cells = <usize>arg(args, CELLS) + at + column;
  const gates = <usize>arg(args, GATES) + 4 * at + column;
  const dz = <usize>arg(args, BACKWARD_DZ) + 4 * at + column;
  const i = loadUpTo(gates, count);
  const f = loadUpTo(gates + unitsBytes, count);
  const g = loadUpTo(gates + 2 * unitsBytes, count);
  const o = loadUpTo(gates + 3 * unitsBytes, count);
  const cBefore = loadUpTo(t == 0 ? <usize>arg(args, C0) + <usize>row * unitsBytes + column : cells - unitsBytes, count);
  const squashed = tanh4(loadUpTo(cells, count), table);
  const dh = v128.add<f32>(later, loadUpTo(<usize>arg(args, BACKWARD_DH) + at + column, count));
  const dc = multiplyAdd(v128.mul<f32>(dh, o), tanhSlope(squashed), loadUpTo(dcAt, count));
  const di = v128.mul<f32>(v128.mul<f32>(dc, g), gateSlope(i, isHard));
  const df = v128.mul<f32>(v128.mul<f32>(dc, cBefore), gateSlope(f, isHard));
  const dg = v128.mul<f32>(v128.mul<f32>(dc, i), tanhSlope(g));
  const dOut = v128.mul<f32>(v128.mul<f32>(dh, squashed), gateSlope(o, isHard));
  storeUpTo(dz, di, count);
  storeUpTo(dz + unitsBytes, df, count);
  storeUpTo(dz + 2 * unitsBytes, dg, count);
  storeUpTo(dz + 3 * unitsBytes, dOut, count);
  storeUpTo(dcAt, v128.mul<f32>(dc, f), count);
}
