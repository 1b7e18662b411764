// Sizes of the blocks, and where a thread's scratch holds what.

import { TABLE_BYTES } from '../mathTable';

/** Rows and columns of the register tile: 12 accumulators, two vectors of B and one of A fill 16 registers. */
export const MR: i32 = 6;
export const NR: i32 = 8;
/** Block sizes: an A block (MC × KC) and a B block (KC × NC) stay in the second-level cache. */
export const MC: i32 = 96;
export const KC: i32 = 256;
export const NC: i32 = 512;

/** Scratch, in bytes from the start of a thread's region. */
export const PACKED_A: usize = 0;
export const PACKED_B: usize = PACKED_A + ((MC * KC) << 2);
export const TILE: usize = PACKED_B + ((KC * NC) << 2);
export const A_ROWS: usize = TILE + ((MR * NR) << 2);
export const A_COLS: usize = A_ROWS + (MC << 2);
export const B_ROWS: usize = A_COLS + (KC << 2);
export const B_COLS: usize = B_ROWS + (KC << 2);
export const C_ROWS: usize = B_COLS + (NC << 2);
export const MATH: usize = C_ROWS + (MC << 2);
export const SCRATCH_BYTES: i32 = <i32>MATH + TABLE_BYTES;
