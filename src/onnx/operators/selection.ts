import type { OnnxLength } from '../description.ts';
import type { Operator, Operators } from '../operator.ts';
import { dtypeAt, hasAttribute, input, int, ints, numbersAt, shapeAt } from '../shapes/call.ts';
import {
  axisOf,
  length,
  MOST_VALUES,
  mergeLengths,
  pickAlong,
  plus,
  type Shape,
  tensor,
  unknownLengths,
  withLength,
} from '../shapes/tensor.ts';

/** Inputs one after the other along an axis. `from` is the first of them, `step` how many inputs each brings along. */
export function concatenation(from = 0, step = 1, defaultAxis = 1): Operator {
  return {
    outputs: (call) => {
      const parts = call.inputs.filter((_, i) => i >= from && (i - from) % step === 0);
      const dtype = dtypeAt(call, from);
      const first = parts.find((part) => part?.shape != null)?.shape;
      const axis = first && axisOf(int(call, 'axis', defaultAxis), first.length);
      if (first == null || axis == null) return [tensor(dtype, null)];
      let total: OnnxLength = 0;
      let shape: Shape = first;
      for (const part of parts) {
        const own = part?.shape?.length === first.length ? part.shape : undefined;
        total = plus(total, own?.[axis] ?? null);
        shape = shape.map((one, i) => mergeLengths(one, own?.[i] ?? null));
      }
      const isList = first.length === 1 && parts.every((part) => part?.values !== undefined);
      const values = isList ? parts.flatMap((part) => part?.values ?? []) : undefined;
      return [tensor(dtype, withLength(shape, axis, total), values)];
    },
  };
}

/** Where a slice begins and how many elements it has. Source: ONNX, operator Slice. */
function sliceOf(size: number, start: number, end: number, step: number): { first: number; count: number } {
  const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  const [first, last] =
    step > 0 ? [clamp(from, 0, size), clamp(to, 0, size)] : [clamp(from, 0, size - 1), clamp(to, -1, size - 1)];
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) };
}

/** An end that no tensor reaches: "to the last one". */
const FAR = 2 ** 31 - 1;

const slice: Operator = {
  outputs: (call) => {
    const { dtype, shape, values } = input(call, 0);
    if (shape === null) return [tensor(dtype, null)];
    const starts = ints(call, 'starts') ?? input(call, 1).values;
    const ends = ints(call, 'ends') ?? input(call, 2).values;
    const count = starts?.length ?? ends?.length ?? (shapeAt(call, 1)?.[0] as number | null) ?? shape.length;
    const listed = ints(call, 'axes') ?? (call.inputs[3] === undefined ? undefined : numbersAt(call, 3));
    if (listed === undefined && (call.inputs[3] !== undefined || count > shape.length)) {
      return [tensor(dtype, unknownLengths(shape.length))];
    }
    const axes = listed ?? Array.from({ length: count }, (_, i) => i);
    const steps = call.inputs[4] === undefined ? axes.map(() => 1) : input(call, 4).values;
    let result = shape;
    let picked = values;
    for (const [i, given] of axes.entries()) {
      const axis = axisOf(given, shape.length);
      if (axis === undefined) continue;
      const size = shape[axis] ?? null;
      const [start, end, step] = [starts?.[i], ends?.[i], steps?.[i]];
      const isAll = start === 0 && step === 1 && (end === size || (typeof end === 'number' && end >= FAR));
      if (isAll) continue;
      const isKnown = typeof start === 'number' && typeof end === 'number' && typeof step === 'number' && step !== 0;
      const part = isKnown && typeof size === 'number' ? sliceOf(size, start, end, step) : undefined;
      picked = part && picked && pickAlong(picked, result, axis, steppedIndices(part, step as number));
      result = withLength(result, axis, part?.count ?? null);
    }
    return [tensor(dtype, result, picked)];
  },
};

function steppedIndices({ first, count }: { first: number; count: number }, step: number): readonly number[] {
  return Array.from({ length: Math.min(count, MOST_VALUES) }, (_, i) => first + i * step);
}

const split: Operator = {
  outputs: (call) => {
    const { dtype, shape, values } = input(call, 0);
    const parts = call.node.output.length;
    const axis = shape && axisOf(int(call, 'axis', 0), shape.length);
    if (shape === null || axis === null || axis === undefined) return call.node.output.map(() => tensor(dtype, null));
    const size = shape[axis];
    const whole = typeof size === 'number' ? Math.ceil(size / parts) : undefined;
    const equal = (i: number) =>
      whole === undefined || typeof size !== 'number' ? null : Math.max(0, Math.min(whole, size - i * whole));
    const isGiven = hasAttribute(call, 'split') || call.inputs[1] !== undefined;
    const lengths = ints(call, 'split') ?? input(call, 1).values;
    let from = 0;
    return call.node.output.map((_, i) => {
      const own = isGiven ? (lengths?.[i] ?? null) : equal(i);
      const part = shape.length === 1 && typeof own === 'number' ? values?.slice(from, from + own) : undefined;
      from += typeof own === 'number' ? own : Number.NaN;
      return tensor(dtype, withLength(shape, axis, own), part);
    });
  },
};

const gather: Operator = {
  outputs: (call) => {
    const [data, indices] = [input(call, 0), input(call, 1)];
    const axis = data.shape && axisOf(int(call, 'axis', 0), data.shape.length);
    if (data.shape === null || indices.shape === null || axis === null || axis === undefined) {
      return [tensor(data.dtype, null)];
    }
    const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
    const { values } = data;
    const isList = data.shape.length === 1 && values !== undefined;
    const at = (index: OnnxLength) => (typeof index === 'number' ? (values?.at(index) ?? null) : null);
    return [tensor(data.dtype, shape, isList ? indices.values?.map(at) : undefined)];
  },
};

const gatherElements: Operator = { outputs: (call) => [tensor(dtypeAt(call, 0), shapeAt(call, 1))] };

const gatherND: Operator = {
  outputs: (call) => {
    const [data, indices] = [shapeAt(call, 0), shapeAt(call, 1)];
    const depth = indices?.at(-1);
    if (data === null || indices === null || typeof depth !== 'number') return [tensor(dtypeAt(call, 0), null)];
    const batch = int(call, 'batch_dims', 0);
    return [tensor(dtypeAt(call, 0), [...indices.slice(0, -1), ...data.slice(batch + depth)])];
  },
};

const oneHot: Operator = {
  outputs: (call) => {
    const shape = shapeAt(call, 0);
    const depth = input(call, 1).values?.[0] ?? null;
    const axis = shape && axisOf(int(call, 'axis', -1), shape.length + 1);
    if (shape === null || axis === null || axis === undefined) return [tensor(dtypeAt(call, 2), null)];
    return [tensor(dtypeAt(call, 2), [...shape.slice(0, axis), depth, ...shape.slice(axis)])];
  },
};

const topK: Operator = {
  outputs: (call) => {
    const { dtype, shape } = input(call, 0);
    const axis = shape && axisOf(int(call, 'axis', -1), shape.length);
    const k = hasAttribute(call, 'k') ? length(int(call, 'k', 1)) : (input(call, 1).values?.[0] ?? null);
    const result = shape !== null && typeof axis === 'number' ? withLength(shape, axis, k) : null;
    return [tensor(dtype, result), tensor('int64', result)];
  },
};

const compress: Operator = {
  outputs: (call) => {
    const { dtype, shape } = input(call, 0);
    if (!hasAttribute(call, 'axis')) return [tensor(dtype, [null])];
    const axis = shape && axisOf(int(call, 'axis', 0), shape.length);
    return [tensor(dtype, shape !== null && typeof axis === 'number' ? withLength(shape, axis, null) : null)];
  },
};

/** The different elements, and where each was first, is now, and how often. */
const unique: Operator = {
  outputs: (call) => {
    const { dtype, shape } = input(call, 0);
    const axis = hasAttribute(call, 'axis') && shape ? axisOf(int(call, 'axis', 0), shape.length) : undefined;
    const result = shape !== null && axis !== undefined ? withLength(shape, axis, null) : [null];
    return [tensor(dtype, hasAttribute(call, 'axis') && shape === null ? null : result), ...indices];
  },
};
const indices = [tensor('int64', [null]), tensor('int64', [null]), tensor('int64', [null])];

/** Operators that pick, cut or join. */
export const selection: Operators = {
  Concat: concatenation(),
  Slice: slice,
  Split: split,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  OneHot: oneHot,
  TopK: topK,
  Compress: compress,
  Unique: unique,
  NonZero: { outputs: (call) => [tensor('int64', [shapeAt(call, 0)?.length ?? null, null])] },
  NonMaxSuppression: { outputs: () => [tensor('int64', [null, 3])] },
};
