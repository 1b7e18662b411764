// Sizes of the blocks, and where a thread's scratch holds what.

/** Outputs of a tile along one axis, and the points at which the polynomials are evaluated: inputs of a tile. */
export const TILE: i32 = 4;
export const POINTS: i32 = 6;
export const SQUARE: i32 = POINTS * POINTS;
/** Rows and columns of the register tile; see `../gemm/layout`. */
export const MR: i32 = 6;
export const NR: i32 = 8;
/** Most channels that a transformed block holds. */
export const MOST_CHANNELS: i32 = 256;
/** Values of a transformed block, which stays in the second-level cache with a panel of the filter. */
export const BLOCK_VALUES: i32 = 65536;
/** Between two points: so that the same tile of all points does not fall on the same few lines of the cache. */
export const GAP: usize = 64;

/** Scratch, in bytes from the start of a thread's region. */
export const LINES: usize = 0;
export const EDGE: usize = LINES + (SQUARE << 4);
export const TRANSFORMED: usize = EDGE + ((SQUARE * MOST_CHANNELS) << 2);
export const PRODUCTS: usize = TRANSFORMED + (BLOCK_VALUES << 2) + <usize>SQUARE * GAP;

/** Tiles that are transformed together: as many as fit, in whole panels, and blocks of about one size. */
export function blockTiles(tiles: i32, stride: i32): i32 {
  const most = BLOCK_VALUES / (SQUARE * stride * MR);
  const panels = max(1, (tiles + MR - 1) / MR);
  const blocks = (panels + most - 1) / most;
  return ((panels + blocks - 1) / blocks) * MR;
}

/** Bytes from one point of a panel of the transformed filter to the next. */
@inline
export function panelStep(depth: i32): usize {
  return (<usize>(depth * NR) << 2) + GAP;
}
