import { pixelsAsFloats } from './pixels.ts';
import { dtypeOf, makeArray, type NamedArrays, type NdArray, type NumericArray, sizeOf } from './shape.ts';

/** The rows of an array at the given indices of its first dimension. */
export function pickRows({ data, shape }: NdArray, indices: Int32Array): NdArray {
  const row = shape.slice(1);
  const length = sizeOf(row);
  const out = makeArray(dtypeOf(data), indices.length * length);
  return { data: copyRows(data, indices, length, out), shape: [indices.length, ...row] };
}

/** Copies the rows at some indices, of `length` numbers each, into `to`, one after the other. */
export function copyRows<T extends NumericArray | Float64Array>(
  from: NumericArray | Float64Array,
  indices: ArrayLike<number>,
  length: number,
  to: T,
): T {
  for (let i = 0; i < indices.length; i++) {
    const start = (indices[i] as number) * length;
    to.set(from.subarray(start, start + length), i * length);
  }
  return to;
}

/** Joins rows of the same shape. The type is that of both; of different types it is float32. */
export function joinRows(first: NdArray, second: NdArray): NdArray {
  return stackRows([first, second]);
}

/** Joins one or more arrays. Among floats, bytes are pixels of 0…1. */
export function stackRows(arrays: readonly NdArray[]): NdArray {
  const dtypes = new Set(arrays.map(({ data }) => dtypeOf(data)));
  const [only = 'float32', other] = dtypes;
  const alike = dtypes.has('float32') ? arrays.map(pixelsAsFloats) : arrays;
  const length = alike.reduce((sum, { data }) => sum + data.length, 0);
  const data = makeArray(other === undefined ? only : 'float32', length);
  let at = 0;
  for (const { data: rows } of alike) {
    data.set(rows, at);
    at += rows.length;
  }
  const count = alike.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  return { data, shape: [count, ...(alike[0]?.shape.slice(1) ?? [])] };
}

/**
 * Writes rows of named arrays into tables of `size` rows, each made when its first rows come: one after the other from row
 * `at`, or each to a row of its own.
 */
export function putRows(
  tables: Record<string, NdArray>,
  rows: NamedArrays,
  size: number,
  at: number | ArrayLike<number>,
): void {
  for (const [name, { data, shape }] of Object.entries(rows)) {
    const row = shape.slice(1);
    const length = sizeOf(row);
    tables[name] ??= { data: makeArray(dtypeOf(data), size * length), shape: [size, ...row] };
    const table = tables[name].data;
    if (typeof at === 'number') table.set(data, at * length);
    else {
      for (let i = 0; i < at.length; i++) {
        table.set(data.subarray(i * length, (i + 1) * length), (at[i] as number) * length);
      }
    }
  }
}

/** Those rows of every array. */
export function pickRowsOfAll(arrays: NamedArrays, indices: Int32Array): NamedArrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, pickRows(array, indices)]));
}

/** Rows scaled to length 1, in double precision; a row of zeros stays zero, orthogonal to all others. */
export function unitRows({ data, shape }: NdArray): Float64Array {
  const length = sizeOf(shape.slice(1));
  const rows = Float64Array.from(data);
  for (let from = 0; from < rows.length; from += length) {
    let squares = 0;
    for (let f = from; f < from + length; f++) squares += (rows[f] as number) ** 2;
    const norm = Math.sqrt(squares) || 1;
    for (let f = from; f < from + length; f++) rows[f] = (rows[f] as number) / norm;
  }
  return rows;
}
