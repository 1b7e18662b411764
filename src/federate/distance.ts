import type { NamedArrays } from '../core/shape.ts';

/** Sum of the squared differences of arrays with the same names and shapes. No square of a float overflows a double. */
export function squaredDistance(a: NamedArrays, b: NamedArrays): number {
  let sum = 0;
  for (const [name, { data }] of Object.entries(a)) {
    const other = b[name]?.data ?? [];
    for (let i = 0; i < data.length; i++) sum += ((data[i] as number) - (other[i] as number)) ** 2;
  }
  return sum;
}
