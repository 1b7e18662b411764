import { arg } from '../args';
import { multiplyAdd } from '../math';
import { rowStart } from '../range';
import { gateSlope, loadUpTo, storeUpTo, tanhSlope } from './gates';
import { BATCH, GATES, H, H0, INNER, IS_AFTER, IS_HARD, PACKED_GATES, PACKED_NEW, TIME, UNITS } from './gru';
import { productOfRows, ROW_BYTES, ROWS, STEP_BYTES } from './product';

/** The rest of the argument block; the first words are those of `gru.ts`. */
const DH: i32 = 11;
const DH_LAST: i32 = 12;
const DZ: i32 = 13;
/** The gradient of h · U + recurrent bias where that differs from DZ: with the reset after. */
const DZ_RECURRENT: i32 = 14;
const DH0: i32 = 15;

/**
 * Back through all steps of a GRU: the gradient of x · W + b, of h · U, and of the first state. DH0 carries from step
 * to step what reaches the state other than through the gates' product.
 */
export function backward(args: usize, tile: usize, part: i32, parts: i32): void {
  const batch = arg(args, BATCH);
  const time = arg(args, TIME);
  const units = arg(args, UNITS);
  const isAfter = arg(args, IS_AFTER) != 0;
  const unitsBytes = <usize>units << 2;
  const stride = 3 * <usize>time * unitsBytes;
  const first = rowStart(batch, part, parts);
  const last = rowStart(batch, part + 1, parts);
  const dz = <usize>arg(args, DZ);
  const ofGates = isAfter ? <usize>arg(args, DZ_RECURRENT) : dz;
  const gatesDepth = isAfter ? 3 * units : 2 * units;
  const carried = <usize>arg(args, DH0);
  const ofRows = <usize>first * unitsBytes;
  memory.copy(carried + ofRows, <usize>arg(args, DH_LAST) + ofRows, <usize>(last - first) * unitsBytes);
  for (let t = time - 1; t >= -1; t--) {
    let panel = <usize>arg(args, PACKED_GATES);
    for (let unit = 0; unit < units; unit += 16) {
      for (let row = first; row < last; row += ROWS) {
        const rows = min(ROWS, last - row);
        if (t < time - 1) {
          const later = ofGates + <usize>row * stride + 3 * <usize>(t + 1) * unitsBytes;
          productOfRows(later, stride, rows, panel, gatesDepth, tile);
        }
        for (let r = 0; r < rows; r++) {
          for (let j = 0; j < min(16, units - unit); j += 4) {
            const count = units - unit - j;
            const column = <usize>(unit + j) << 2;
            const carriedAt = carried + <usize>(row + r) * unitsBytes + column;
            let dh = loadUpTo(carriedAt, count);
            if (t < time - 1) dh = v128.add<f32>(dh, v128.load(tile + <usize>r * ROW_BYTES + (<usize>j << 2)));
            if (t < 0) storeUpTo(carriedAt, dh, count);
            else stepBack(args, row + r, t, time, unitsBytes, column, dh, carriedAt, count, isAfter);
          }
        }
      }
      panel += <usize>gatesDepth * STEP_BYTES;
    }
    if (isAfter || t < 0) continue;
    panel = <usize>arg(args, PACKED_NEW);
    for (let unit = 0; unit < units; unit += 16) {
      for (let row = first; row < last; row += ROWS) {
        const rows = min(ROWS, last - row);
        const ofNew = dz + <usize>row * stride + (3 * <usize>t + 2) * unitsBytes;
        productOfRows(ofNew, stride, rows, panel, units, tile);
        for (let r = 0; r < rows; r++) {
          for (let j = 0; j < min(16, units - unit); j += 4) {
            const column = <usize>(unit + j) << 2;
            const carriedAt = carried + <usize>(row + r) * unitsBytes + column;
            const sum = v128.load(tile + <usize>r * ROW_BYTES + (<usize>j << 2));
            resetBack(args, row + r, t, time, unitsBytes, column, sum, carriedAt, units - unit - j);
          }
        }
      }
      panel += <usize>units * STEP_BYTES;
    }
  }
}

/** h of the step before, at one row and column. */
@inline
function stateBefore(args: usize, row: i32, t: i32, time: i32, unitsBytes: usize, column: usize): usize {
  const isFirst = t == 0;
  const state = <usize>arg(args, isFirst ? H0 : H);
  return state + <usize>(isFirst ? row : row * time + t - 1) * unitsBytes + column;
}

/** Four units of one row: from the gradient of their output to that of z, the candidate and, with the reset after, r. */
function stepBack(
  args: usize, row: i32, t: i32, time: i32, unitsBytes: usize, column: usize, later: v128, carriedAt: usize,
  count: i32, isAfter: bool,
): void {
  const isHard = arg(args, IS_HARD) != 0;
  const at = <usize>(row * time + t) * unitsBytes;
  const gates = <usize>arg(args, GATES) + 3 * at + column;
  const dz = <usize>arg(args, DZ) + 3 * at + column;
  const z = loadUpTo(gates, count);
  const fresh = loadUpTo(gates + 2 * unitsBytes, count);
  const before = loadUpTo(stateBefore(args, row, t, time, unitsBytes, column), count);
  const dh = v128.add<f32>(later, loadUpTo(<usize>arg(args, DH) + at + column, count));
  const dOpen = v128.mul<f32>(v128.mul<f32>(dh, v128.sub<f32>(before, fresh)), gateSlope(z, isHard));
  const dFresh = v128.mul<f32>(v128.mul<f32>(dh, v128.sub<f32>(f32x4.splat(1), z)), tanhSlope(fresh));
  storeUpTo(dz, dOpen, count);
  storeUpTo(dz + 2 * unitsBytes, dFresh, count);
  storeUpTo(carriedAt, v128.mul<f32>(dh, z), count);
  if (!isAfter) return;
  const r = loadUpTo(gates + unitsBytes, count);
  const inner = loadUpTo(<usize>arg(args, INNER) + at + column, count);
  const dReset = v128.mul<f32>(v128.mul<f32>(dFresh, inner), gateSlope(r, isHard));
  const recurrent = <usize>arg(args, DZ_RECURRENT) + 3 * at + column;
  storeUpTo(dz + unitsBytes, dReset, count);
  storeUpTo(recurrent, dOpen, count);
  storeUpTo(recurrent + unitsBytes, dReset, count);
  storeUpTo(recurrent + 2 * unitsBytes, v128.mul<f32>(dFresh, r), count);
}

/** With the reset before the product: from the gradient of r · h to that of r and of h. */
function resetBack(
  args: usize, row: i32, t: i32, time: i32, unitsBytes: usize, column: usize, sum: v128, carriedAt: usize, count: i32,
): void {
  const at = 3 * <usize>(row * time + t) * unitsBytes + unitsBytes + column;
  const r = loadUpTo(<usize>arg(args, GATES) + at, count);
  const before = loadUpTo(stateBefore(args, row, t, time, unitsBytes, column), count);
  const slope = gateSlope(r, arg(args, IS_HARD) != 0);
  storeUpTo(<usize>arg(args, DZ) + at, v128.mul<f32>(v128.mul<f32>(sum, before), slope), count);
  storeUpTo(carriedAt, multiplyAdd(sum, r, loadUpTo(carriedAt, count)), count);
}
