/** A matrix by rows, without its zeros: features behind a ReLU are mostly zeros. */
export interface SparseRows {
  /** Where each row begins among the values, and where the last one ends. */
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/** Of the values that are not zero. */
export function sparseRows(
  height: number,
  width: number,
  valueAt: (row: number, column: number) => number,
): SparseRows {
  const starts = new Int32Array(height + 1);
  const columns = new Int32Array(height * width);
  const values = new Float64Array(height * width);
  let count = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = valueAt(row, column);
      if (value === 0) continue;
      columns[count] = column;
      values[count++] = value;
    }
    starts[row + 1] = count;
  }
  return { starts, columns, values };
}

/**
 * Adds rows of the matrix times a dense one [., classes]; four values at a time, so that sums are read and written less
 * often.
 */
export function addRows(
  { starts, columns, values }: SparseRows,
  dense: Float64Array,
  classes: number,
  to: Float64Array,
  first: number,
  end: number,
): void {
  for (let row = first; row < end; row++) {
    const base = row * classes;
    const last = starts[row + 1] as number;
    let at = starts[row] as number;
    for (; at + 3 < last; at += 4) {
      const a = values[at] as number;
      const b = values[at + 1] as number;
      const c = values[at + 2] as number;
      const d = values[at + 3] as number;
      const fromA = (columns[at] as number) * classes;
      const fromB = (columns[at + 1] as number) * classes;
      const fromC = (columns[at + 2] as number) * classes;
      const fromD = (columns[at + 3] as number) * classes;
      for (let k = 0; k < classes; k++) {
        to[base + k] =
          (to[base + k] as number) +
          a * (dense[fromA + k] as number) +
          b * (dense[fromB + k] as number) +
          c * (dense[fromC + k] as number) +
          d * (dense[fromD + k] as number);
      }
    }
    for (; at < last; at++) {
      const a = values[at] as number;
      const fromA = (columns[at] as number) * classes;
      for (let k = 0; k < classes; k++) to[base + k] = (to[base + k] as number) + a * (dense[fromA + k] as number);
    }
  }
}
