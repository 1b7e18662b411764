import type { OnnxLength } from '../description.ts';
import { each } from '../elementwise.ts';
import type { Operator, Operators } from '../operator.ts';
import { axesOf, type Call, dtypeAt, input, int, ints, shapeAt } from '../shapes/call.ts';
import {
  axisOf,
  elementsOf,
  type Inferred,
  length,
  type Shape,
  tensor,
  times,
  unknownLengths,
} from '../shapes/tensor.ts';

/** A view of the first input: the same elements in the same order under another shape. */
function view(call: Call, shape: Shape | null | undefined): readonly Inferred[] {
  const { dtype, values } = input(call, 0);
  return [tensor(dtype, shape, shape == null ? undefined : values)];
}

/** The wanted shape with its 0 (as it was) and -1 (what is left) filled in. */
export function reshaped(from: Shape | null, wanted: Shape, isZeroKept: boolean): Shape {
  const isCopied = (one: OnnxLength) => one === 0 && !isZeroKept;
  const open = wanted.filter((one) => one === -1 || one === null).length;
  const result = wanted.map((one, i) => {
    if (isCopied(one)) return from?.[i] ?? null;
    return one === -1 ? null : one;
  });
  if (open !== 1 || from === null) return result;
  // Lengths that stand on both sides cancel out, even where they are free.
  const before: OnnxLength[] = from.filter((_, i) => !isCopied(wanted[i] ?? null));
  const after: number[] = [];
  for (const one of wanted) {
    if (one === -1 || one === null || isCopied(one)) continue;
    const twin = typeof one === 'string' ? before.indexOf(one) : -1;
    if (twin >= 0) before.splice(twin, 1);
    else if (typeof one === 'number') after.push(one);
    else return result;
  }
  const rest = quotient(
    elementsOf(before),
    after.reduce((a, b) => a * b, 1),
  );
  return wanted.map((one, i) => (one === -1 || one === null ? rest : (result[i] ?? null)));
}

function quotient(elements: OnnxLength, by: number): OnnxLength {
  if (by === 1) return elements;
  return typeof elements === 'number' && by > 0 ? length(elements / by) : null;
}

const reshape: Operator = {
  outputs: (call) => {
    const wanted = ints(call, 'shape') ?? input(call, 1).values;
    if (wanted === undefined) return view(call, unknownLengths(shapeAt(call, 1)?.[0]));
    return view(call, reshaped(shapeAt(call, 0), wanted, int(call, 'allowzero', 0) === 1));
  },
};

const flatten: Operator = {
  outputs: (call) => {
    const shape = shapeAt(call, 0);
    if (shape === null) return view(call, [null, null]);
    const axis = int(call, 'axis', 1);
    const split = axis < 0 ? axis + shape.length : axis;
    return view(call, [elementsOf(shape.slice(0, split)), elementsOf(shape.slice(split))]);
  },
};

const squeeze: Operator = {
  outputs: (call) => {
    const shape = shapeAt(call, 0);
    const axes = axesOf(call, 'axes', 1);
    if (shape === null || axes === null) return view(call, null);
    // Without axes every 1 goes; a length that is not known might be one.
    if (axes === undefined) {
      const isCertain = shape.every((one) => typeof one === 'number');
      return view(call, isCertain ? shape.filter((one) => one !== 1) : null);
    }
    const gone = new Set(axes.map((axis) => axisOf(axis, shape.length)));
    return view(
      call,
      shape.filter((_, i) => !gone.has(i)),
    );
  },
};

const unsqueeze: Operator = {
  outputs: (call) => {
    const shape = shapeAt(call, 0);
    const axes = axesOf(call, 'axes', 1);
    if (shape === null || axes === null || axes === undefined) return view(call, null);
    const result = unknownLengths(shape.length + axes.length);
    const added = new Set(axes.map((axis) => axisOf(axis, shape.length + axes.length)));
    const rest = shape[Symbol.iterator]();
    return view(
      call,
      result?.map((_, i) => (added.has(i) ? 1 : (rest.next().value ?? null))),
    );
  },
};

const transpose: Operator = {
  outputs: (call) => {
    const { dtype, shape, values } = input(call, 0);
    const order = ints(call, 'perm');
    if (shape === null) return [tensor(dtype, unknownLengths(order?.length))];
    const result = (order ?? shape.map((_, i) => shape.length - 1 - i)).map((axis) => shape[axis] ?? null);
    return [tensor(dtype, result, values && transposedValues(values, shape, order))];
  },
};

/** Elements of a transposed vector or matrix. */
function transposedValues(values: Shape, shape: Shape, order: readonly number[] | undefined): Shape | undefined {
  const isMoved = order === undefined || order[0] !== 0;
  const [rows, columns] = shape;
  if (shape.length < 2 || (shape.length === 2 && !isMoved)) return values;
  if (shape.length > 2 || typeof rows !== 'number' || typeof columns !== 'number') return undefined;
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? null);
}

/** Axes that one number for each is added to at the front and at the back. */
const pad: Operator = {
  outputs: (call) => {
    const { dtype, shape } = input(call, 0);
    const pads = ints(call, 'pads') ?? ints(call, 'paddings') ?? input(call, 1).values;
    const axes = call.inputs[3] === undefined ? shape?.map((_, i) => i) : input(call, 3).values;
    if (shape === null) return [tensor(dtype, null)];
    if (pads === undefined || axes === undefined) return [tensor(dtype, unknownLengths(shape.length))];
    const places = axes.map((axis) => (typeof axis === 'number' ? axisOf(axis, shape.length) : undefined));
    const result = shape.map((size, i) => {
      const at = places.indexOf(i);
      if (at < 0) return size;
      const [front, back] = [pads[at], pads[at + places.length]];
      if (front === 0 && back === 0) return size;
      const isKnown = typeof size === 'number' && typeof front === 'number' && typeof back === 'number';
      return isKnown ? length(size + front + back) : null;
    });
    return [tensor(dtype, result)];
  },
};

const tile: Operator = {
  outputs: (call) => {
    const { dtype, shape } = input(call, 0);
    const repeats = input(call, 1).values;
    if (repeats === undefined || shape === null) return [tensor(dtype, unknownLengths(shape?.length))];
    return [
      tensor(
        dtype,
        shape.map((one, i) => times(one, repeats[i] ?? null)),
      ),
    ];
  },
};

const centerCropPad: Operator = {
  outputs: (call) => {
    const { dtype, shape } = input(call, 0);
    const wanted = input(call, 1).values;
    if (shape === null) return [tensor(dtype, null)];
    const axes = ints(call, 'axes')?.map((axis) => axisOf(axis, shape.length)) ?? shape.map((_, i) => i);
    return [
      tensor(
        dtype,
        shape.map((one, i) => (axes.includes(i) ? (wanted?.[axes.indexOf(i)] ?? null) : one)),
      ),
    ];
  },
};

/** Operators that arrange the same elements anew. */
export const layout: Operators = {
  Identity: { ...each({ lengths: (a = null) => a, compute: (tf, x) => tf.clone(x) }), fold: ([x]) => x },
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Pad: pad,
  Tile: tile,
  CenterCropPad: centerCropPad,
  ScatterElements: each({}),
  Scatter: each({}),
  ScatterND: each({}),
  TensorScatter: each({}),
  ReverseSequence: each({}),
  Trilu: each({}),
};
