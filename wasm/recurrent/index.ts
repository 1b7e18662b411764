/**
 * Recurrent layers over whole sequences: one call runs all steps, and one call all steps back. x · W + b of all steps is
 * a matrix product of its own (`wasm/gemm`), as are the gradients of the weights; what is left for the loop over time
 * is h · U in register tiles, with the gates in the same pass.
 */
import { arg } from '../args';
import { rowStart } from '../range';
import { backward as gruBackward } from './gruBackward';
import { forward as gruForward } from './gru';
import { backward as lstmBackward, forward as lstmForward } from './lstm';
import { pack } from './pack';

/** Packs a recurrent matrix for the loops over time. */
export function recurrentPack(args: usize, scratch: usize, part: i32, parts: i32): void {
  pack(args, part, parts);
}

export function lstmSequence(args: usize, scratch: usize, part: i32, parts: i32): void {
  lstmForward(args, scratch, part, parts);
}

export function lstmSequenceGrad(args: usize, scratch: usize, part: i32, parts: i32): void {
  lstmBackward(args, scratch, part, parts);
}

export function gruSequence(args: usize, scratch: usize, part: i32, parts: i32): void {
  gruForward(args, scratch, part, parts);
}

export function gruSequenceGrad(args: usize, scratch: usize, part: i32, parts: i32): void {
  gruBackward(args, scratch, part, parts);
}

/** The argument block of `recurrentShift`: 32-bit words in this order. */
const BATCH: i32 = 0;
const TIME: i32 = 1;
const UNITS: i32 = 2;
const H0: i32 = 3;
const H: i32 = 4;
const OUT: i32 = 5;

/** The state before each step [B, T, U]: h0, then h without its last step. A part is a run of rows of the batch. */
export function recurrentShift(args: usize, scratch: usize, part: i32, parts: i32): void {
  const batch = arg(args, BATCH);
  const unitsBytes = <usize>arg(args, UNITS) << 2;
  const sequenceBytes = <usize>arg(args, TIME) * unitsBytes;
  const last = rowStart(batch, part + 1, parts);
  for (let row = rowStart(batch, part, parts); row < last; row++) {
    const from = <usize>row * sequenceBytes;
    const out = <usize>arg(args, OUT) + from;
    memory.copy(out, <usize>arg(args, H0) + <usize>row * unitsBytes, unitsBytes);
    memory.copy(out + unitsBytes, <usize>arg(args, H) + from, sequenceBytes - unitsBytes);
  }
}
