/** How to walk a matrix to sum its columns; `wasm/reduce/columns.ts` reads it. */
export interface ColumnPlan {
  /** Rows after folding, and their width. */
  readonly rows: number;
  readonly period: number;
  /** Values after the last whole folded row. */
  readonly rest: number;
  /** Chunks of folded rows that are summed separately; their number depends only on the sizes, never on threads. */
  readonly chunks: number;
}

/** Columns that the compiled code takes at a time. */
const GROUP = 16;
const WIDEST_FOLD = 1024;
const CHUNK_VALUES = 16_384;
const CHUNK_ROWS = 64;
const MOST_CHUNKS = 64;

/** Folds rows until their width is a multiple of a group, so that few or odd columns are as fast as sixteen. */
export function columnPlan(unfoldedRows: number, columns: number): ColumnPlan {
  const fold = GROUP / commonFactor(columns);
  const isFolded = columns * fold <= WIDEST_FOLD && unfoldedRows >= 2 * fold;
  const period = isFolded ? columns * fold : columns;
  const rows = isFolded ? Math.floor(unfoldedRows / fold) : unfoldedRows;
  const chunkRows = Math.max(CHUNK_ROWS, Math.ceil(CHUNK_VALUES / period));
  const chunks = Math.min(MOST_CHUNKS, Math.max(1, Math.floor(rows / chunkRows)));
  return { rows, period, rest: unfoldedRows * columns - rows * period, chunks };
}

/** The largest power of two that divides both the columns and a group. */
function commonFactor(columns: number): number {
  return Math.min(GROUP, columns & -columns);
}
