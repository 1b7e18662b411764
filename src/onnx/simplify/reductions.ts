import { sizeOf } from '../../core/shape.ts';
import type { Fold } from '../operator.ts';
import { int, ints } from '../shapes/call.ts';
import { axisOf } from '../shapes/tensor.ts';
import { isCounted, numbers, typedArray } from './convert.ts';
import { stridesOf } from './strided.ts';

function reduce(start: number, fold: (a: number, b: number) => number, isMean = false): Fold {
  return ([x, list], call) => {
    if (x === undefined || !isCounted(x.dtype)) return undefined;
    const rank = x.shape.length;
    const given = ints(call, 'axes') ?? (list && Array.from(numbers(list.dtype, list.data)));
    const isNone = given === undefined || given.length === 0;
    if (isNone && int(call, 'noop_with_empty_axes', 0) === 1) return x;
    const axes = new Set(isNone ? x.shape.keys() : given.map((axis) => axisOf(axis, rank)));
    if (axes.has(undefined)) return undefined;
    const kept = x.shape.map((length, i) => (axes.has(i) ? 1 : length));
    const [own, to] = [stridesOf(x.shape), stridesOf(kept)];
    const result = new Float64Array(sizeOf(kept)).fill(start);
    for (const [i, value] of numbers(x.dtype, x.data).entries()) {
      let at = 0;
      for (let axis = 0; axis < rank; axis += 1) {
        if (!axes.has(axis))
          at += (Math.floor(i / (own[axis] as number)) % (x.shape[axis] as number)) * (to[axis] as number);
      }
      result[at] = fold(result[at] as number, value);
    }
    if (isMean)
      for (let i = 0; i < result.length; i += 1) result[i] = ((result[i] as number) * result.length) / x.data.length;
    const shape = int(call, 'keepdims', 1) === 1 ? kept : x.shape.filter((_, i) => !axes.has(i));
    return { dtype: x.dtype, shape, data: typedArray(x.dtype, result) };
  };
}

export const REDUCTIONS: Readonly<Record<string, Fold>> = {
  ReduceSum: reduce(0, (a, b) => a + b),
  ReduceProd: reduce(1, (a, b) => a * b),
  ReduceMax: reduce(Number.NEGATIVE_INFINITY, Math.max),
  ReduceMin: reduce(Number.POSITIVE_INFINITY, Math.min),
  ReduceMean: reduce(0, (a, b) => a + b, true),
};
