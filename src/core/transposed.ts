import type { NumericArray } from './shape.ts';

/** An array with its axes in another order: the axis `order[i]` becomes the axis i. A copy. */
export function transposed<Data extends NumericArray>(
  { data, shape }: { readonly data: Data; readonly shape: readonly number[] },
  order: readonly number[],
): { readonly data: Data; readonly shape: number[] } {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const lengths = order.map((axis) => shape[axis] as number);
  const steps = order.map((axis) => strides[axis] as number);
  const result = data.slice() as Data;
  const place = order.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from] as number;
    for (let axis = order.length - 1; axis >= 0; axis--) {
      from += steps[axis] as number;
      place[axis] = (place[axis] as number) + 1;
      if ((place[axis] as number) < (lengths[axis] as number)) break;
      from -= (steps[axis] as number) * (lengths[axis] as number);
      place[axis] = 0;
    }
  }
  return { data: result, shape: lengths };
}
