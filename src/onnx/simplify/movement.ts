// Operators that move elements and compute nothing with them.

import { sizeOf } from '../../core/shape.ts';
import type { Fold } from '../operator.ts';
import { reshaped } from '../operators/layout.ts';
import { int, ints, tensorAttribute, text } from '../shapes/call.ts';
import { axisOf, broadcast, numbersOf } from '../shapes/tensor.ts';
import type { TensorData } from '../tensorData.ts';
import { emptyArray, typedArray } from './convert.ts';
import { axesOf, expanded, listOf, strided, stridesOf } from './strided.ts';

type Numbers = readonly number[];

const view = (from: TensorData, shape: Numbers): TensorData | undefined =>
  sizeOf(shape) === from.data.length ? { ...from, shape } : undefined;

const reshape: Fold = ([x, wanted], call) => {
  const shape = x && reshaped(x.shape, ints(call, 'shape') ?? listOf(wanted) ?? [], int(call, 'allowzero', 0) === 1);
  const known = numbersOf(shape);
  return x && known && view(x, known);
};

const flatten: Fold = ([x], call) => {
  if (x === undefined) return undefined;
  const axis = int(call, 'axis', 1);
  const split = axis < 0 ? axis + x.shape.length : axis;
  return view(x, [sizeOf(x.shape.slice(0, split)), sizeOf(x.shape.slice(split))]);
};

const squeeze: Fold = ([x, list], call) => {
  if (x === undefined) return undefined;
  const isAll = list === undefined && ints(call, 'axes') === undefined;
  const axes = axesOf(call, list, x.shape.length);
  if (!isAll && axes === undefined) return undefined;
  return view(
    x,
    x.shape.filter((length, i) => (isAll ? length !== 1 : !axes?.includes(i))),
  );
};

const unsqueeze: Fold = ([x, list], call) => {
  const count = (ints(call, 'axes') ?? listOf(list))?.length ?? 0;
  const rank = (x?.shape.length ?? 0) + count;
  const axes = axesOf(call, list, rank);
  if (x === undefined || axes === undefined) return undefined;
  const rest = [...x.shape];
  return view(
    x,
    Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : (rest.shift() ?? 1))),
  );
};

const transpose: Fold = ([x], call) => {
  if (x === undefined) return undefined;
  const order = ints(call, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
  const own = stridesOf(x.shape);
  return strided(
    x,
    order.map((axis) => x.shape[axis] as number),
    order.map((axis) => own[axis] as number),
  );
};

const expand: Fold = ([x, wanted]) => {
  const shape = numbersOf(broadcast(x?.shape, listOf(wanted)) ?? undefined);
  return x && shape && expanded(x, shape);
};

const gather: Fold = ([x, indices], call) => {
  const axis = x && axisOf(int(call, 'axis', 0), x.shape.length);
  if (x === undefined || indices === undefined || axis === undefined) return undefined;
  const length = x.shape[axis] as number;
  const picked = (listOf(indices) ?? []).map((one) => (one < 0 ? one + length : one));
  if (picked.some((one) => one < 0 || one >= length)) return undefined;
  const outer = sizeOf(x.shape.slice(0, axis));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const data = emptyArray(x.dtype, outer * picked.length * inner);
  let at = 0;
  for (let block = 0; block < outer; block += 1) {
    for (const one of picked) {
      const from = (block * length + one) * inner;
      for (let i = 0; i < inner; i += 1) data[at++] = x.data[from + i] as number;
    }
  }
  return { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], data };
};

const concat: Fold = (inputs, call) => {
  const [first] = inputs;
  const axis = first && axisOf(int(call, 'axis', 0), first.shape.length);
  if (first === undefined || axis === undefined) return undefined;
  const parts = inputs as readonly TensorData[];
  if (parts.some(({ dtype, shape }) => dtype !== first.dtype || shape.length !== first.shape.length)) return undefined;
  const outer = sizeOf(first.shape.slice(0, axis));
  const data = emptyArray(
    first.dtype,
    parts.reduce((sum, one) => sum + one.data.length, 0),
  );
  let at = 0;
  for (let block = 0; block < outer; block += 1) {
    for (const one of parts) {
      const size = one.data.length / outer;
      for (let i = 0; i < size; i += 1) data[at++] = one.data[block * size + i] as number;
    }
  }
  const length = parts.reduce((sum, { shape }) => sum + (shape[axis] as number), 0);
  return { dtype: first.dtype, shape: first.shape.map((one, i) => (i === axis ? length : one)), data };
};

const slice: Fold = ([x, startList, endList, axisList, stepList], call) => {
  if (x === undefined) return undefined;
  const starts = ints(call, 'starts') ?? listOf(startList);
  const ends = ints(call, 'ends') ?? listOf(endList);
  if (starts === undefined || ends === undefined) return undefined;
  const axes = ints(call, 'axes') ?? listOf(axisList) ?? starts.map((_, i) => i);
  const jumps = listOf(stepList) ?? starts.map(() => 1);
  const shape = [...x.shape];
  const own = stridesOf(x.shape);
  const steps = [...own];
  let start = 0;
  for (const [i, given] of axes.entries()) {
    const axis = axisOf(given, shape.length);
    const jump = jumps[i] as number;
    if (axis === undefined || jump === 0) return undefined;
    const length = x.shape[axis] as number;
    const front = (at: number) => (at < 0 ? at + length : at);
    const [least, most] = jump > 0 ? [0, length] : [-1, length - 1];
    const clamp = (at: number, low: number) => Math.min(Math.max(front(at), low), most);
    const from = clamp(starts[i] as number, 0);
    const to = clamp(ends[i] as number, least);
    shape[axis] = Math.max(0, Math.ceil((to - from) / jump));
    steps[axis] = (own[axis] as number) * jump;
    start += from * (own[axis] as number);
  }
  return strided(x, shape, steps, start);
};

const split: Fold = ([x, list], call) => {
  const axis = x && axisOf(int(call, 'axis', 0), x.shape.length);
  if (x === undefined || axis === undefined) return undefined;
  const length = x.shape[axis] as number;
  const count = call.node.output.length;
  const even = Math.ceil(length / count);
  const sizes =
    ints(call, 'split') ??
    listOf(list) ??
    Array.from({ length: count }, (_, i) => Math.max(0, Math.min(even, length - i * even)));
  const own = stridesOf(x.shape);
  let start = 0;
  return sizes.map((size) => {
    const part = strided(
      x,
      x.shape.map((one, i) => (i === axis ? size : one)),
      own,
      start * (own[axis] as number),
    );
    start += size;
    return part;
  });
};

const tile: Fold = ([x, repeats]) => {
  const counts = listOf(repeats);
  if (x === undefined || counts?.length !== x.shape.length) return undefined;
  // Each axis is split in two: how often, and what.
  const shape = x.shape.flatMap((length, i) => [counts[i] as number, length]);
  const steps = stridesOf(x.shape).flatMap((step) => [0, step]);
  const { data } = strided(x, shape, steps);
  return { dtype: x.dtype, shape: x.shape.map((length, i) => length * (counts[i] as number)), data };
};

const constantOfShape: Fold = ([wanted], call) => {
  const shape = listOf(wanted);
  const value = tensorAttribute(call, 'value');
  const dtype = value === undefined ? 'float32' : value.dtype;
  const element = value === undefined ? 0 : value.values?.[0];
  if (shape === undefined || typeof element !== 'number') return undefined;
  if (dtype !== 'float32' && dtype !== 'int64' && dtype !== 'int32' && dtype !== 'bool') return undefined;
  return { dtype, shape, data: typedArray(dtype, new Float64Array(sizeOf(shape)).fill(element)) };
};

const pad: Fold = ([x, list, filling, axisList], call) => {
  const pads = ints(call, 'pads') ?? listOf(list);
  const isCovered = axisList === undefined && text(call, 'mode', 'constant') === 'constant';
  if (x === undefined || pads === undefined || !isCovered || pads.some((one) => one < 0)) return undefined;
  const rank = x.shape.length;
  const shape = x.shape.map((length, i) => length + (pads[i] as number) + (pads[i + rank] as number));
  const data = emptyArray(x.dtype, sizeOf(shape));
  const value = filling?.data[0] ?? call.node.attribute.find(({ name }) => name === 'value')?.f ?? 0;
  if (Number(value) !== 0) for (let i = 0; i < data.length; i += 1) data[i] = value;
  const strides = stridesOf(shape);
  const own = stridesOf(x.shape);
  for (let i = 0; i < x.data.length; i += 1) {
    let at = 0;
    for (let axis = 0; axis < rank; axis += 1) {
      const place = Math.floor(i / (own[axis] as number)) % (x.shape[axis] as number);
      at += (place + (pads[axis] as number)) * (strides[axis] as number);
    }
    data[at] = x.data[i] as number;
  }
  return { dtype: x.dtype, shape, data };
};

const nonZero: Fold = ([x]) => {
  if (x === undefined) return undefined;
  const found = [...x.data.keys()].filter((i) => Number(x.data[i]) !== 0);
  const own = stridesOf(x.shape);
  const rows = own.flatMap((step, axis) => found.map((i) => Math.floor(i / step) % (x.shape[axis] as number)));
  return { dtype: 'int64', shape: [x.shape.length, found.length], data: typedArray('int64', rows) };
};

export const MOVEMENT: Readonly<Record<string, Fold>> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Expand: expand,
  Gather: gather,
  Concat: concat,
  Slice: slice,
  Split: split,
  Tile: tile,
  ConstantOfShape: constantOfShape,
  Pad: pad,
  NonZero: nonZero,
};
