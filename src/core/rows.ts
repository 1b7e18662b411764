import { dtypeOf, makeArray, type NamedArrays, type NdArray, sizeOf } from './shape.ts';

/** The rows of an array at the given indices of its first dimension. */
export function pickRows({ data, shape }: NdArray, indices: Int32Array): NdArray {
  const row = shape.slice(1);
  const length = sizeOf(row);
  const out = makeArray(dtypeOf(data), indices.length * length);
  for (let i = 0; i < indices.length; i++) {
    const from = (indices[i] as number) * length;
    out.set(data.subarray(from, from + length), i * length);
  }
  return { data: out, shape: [indices.length, ...row] };
}

/** The same of every array. */
export function pickRowsOfAll(arrays: NamedArrays, indices: Int32Array): NamedArrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, pickRows(array, indices)]));
}
