// A matrix whose columns are summed is walked in groups of sixteen columns, one cache line wide. If it has few columns,
// `fold` of its rows count as one: the folded row of `period` values is a multiple of sixteen wide, and the values
// after the last whole folded row are the `rest`. `runtime/kernels/reduce/columns.ts` chooses.

/** Columns of one group: four vectors, so that sums of neighbours do not wait for each other. */
export const GROUP: i32 = 16;
/** Rows whose sum is kept in float32 before it is added to a double. */
export const BLOCK_ROWS: i32 = 64;
/** Columns of one unit of work; a multiple of the group. */
export const STRIPE: i32 = 256;
/** Of one float for each column of a stripe. */
export const STRIPE_BYTES: usize = <usize>STRIPE << 2;

@inline
export function firstOf(count: i32, part: i32, parts: i32): i32 {
  return <i32>((<i64>count * part) / parts);
}

/** The first row of a part, where parts are runs of whole blocks. */
export function firstOfBlocks(rows: i32, part: i32, parts: i32): i32 {
  return min(rows, firstOf((rows + BLOCK_ROWS - 1) / BLOCK_ROWS, part, parts) * BLOCK_ROWS);
}

/** Address of value `index`, of four bytes each. */
@inline
export function at(base: usize, index: i32): usize {
  return base + (<usize>index << 2);
}

/** Address of value `index`, of eight bytes each. */
@inline
export function wideAt(base: usize, index: i32): usize {
  return base + (<usize>index << 3);
}
