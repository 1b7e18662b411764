import { sizeOf } from '../../core/shape.ts';
import { type Call, ints } from '../shapes/call.ts';
import { axisOf } from '../shapes/tensor.ts';
import type { TensorData } from '../tensorData.ts';
import { emptyArray, numbers } from './convert.ts';

type Numbers = readonly number[];

/** The numbers of an input, such as axes. */
export function listOf(data: TensorData | undefined): Numbers | undefined {
  return data && Array.from(numbers(data.dtype, data.data));
}

/** Axes from an attribute or an input, counted from the front; undefined: there are none, or one that is none. */
export function axesOf(call: Call, data: TensorData | undefined, rank: number): Numbers | undefined {
  const axes = (ints(call, 'axes') ?? listOf(data))?.map((axis) => axisOf(axis, rank));
  return axes?.every((axis) => axis !== undefined) ? (axes as Numbers) : undefined;
}

export function stridesOf(shape: Numbers): number[] {
  return shape.map((_, i) => sizeOf(shape.slice(i + 1)));
}

/** Elements in the order of another shape, each axis of which steps through the old ones. */
export function strided(from: TensorData, shape: Numbers, steps: Numbers, start = 0): TensorData {
  const data = emptyArray(from.dtype, sizeOf(shape));
  const at = new Array<number>(shape.length).fill(0);
  let index = start;
  for (let i = 0; i < data.length; i += 1) {
    data[i] = from.data[index] as number;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index += steps[axis] as number;
      if (++(at[axis] as number) < (shape[axis] as number)) break;
      index -= (steps[axis] as number) * (shape[axis] as number);
      at[axis] = 0;
    }
  }
  return { dtype: from.dtype, shape, data };
}

/** Elements repeated along the axes where they are one. */
export function expanded(from: TensorData, shape: Numbers): TensorData {
  const own = stridesOf(from.shape);
  const offset = shape.length - from.shape.length;
  const steps = shape.map((_, i) => (i < offset || from.shape[i - offset] === 1 ? 0 : (own[i - offset] as number)));
  return strided(from, shape, steps);
}
