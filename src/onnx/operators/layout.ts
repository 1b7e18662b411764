import { sizeOf as elementsIn } from '../../core/shape.ts';
import type { Tensor } from '../../runtime/tf.ts';
import type { OnnxLength } from '../description.ts';
import { each } from '../elementwise.ts';
import { type Compute, listOf, type Operator, type Operators } from '../operator.ts';
import { axesOf, type Call, input, int, ints, shapeAt } from '../shapes/call.ts';
import {
  axisOf,
  elementsOf,
  type Inferred,
  length,
  numbersOf,
  type Shape,
  tensor,
  unknownLengths,
} from '../shapes/tensor.ts';
import { axesOf as foldedAxes, listOf as numbersIn, strided, stridesOf } from '../simplify/strided.ts';
import type { TensorData } from '../tensorData.ts';
import type { Value } from '../write/graphValue.ts';
import { plain } from '../write/layout.ts';
import { lengthsInput, listAt, type OperatorCall, plainNode } from '../write/operatorCall.ts';

/** A view of the first input: the same elements in the same order under another shape. */
function view(call: Call, shape: Shape | null | undefined): readonly Inferred[] {
  const { dtype, values } = input(call, 0);
  return [tensor(dtype, shape, shape == null ? undefined : values)];
}

/** The wanted shape with its 0 (as it was) and -1 (what is left) filled in. */
function reshaped(from: Shape | null, wanted: Shape, isZeroKept: boolean): Shape {
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

/** `shape`: lengths; −1 is what is left; −2 − k is the length of the tensor's axis k. */
const reshapedAs: Compute = (tf, [x], attributes) => {
  const lengths = (x as Tensor).shape;
  const target = listOf(attributes, 'shape').map((one) => (one < -1 ? (lengths[-2 - one] as number) : one));
  return tf.reshape(x as Tensor, target);
};

/** In tfjs −2 − k copies the length of axis k; ONNX copies with 0, where the axis is the same. */
function writeReshape(call: OperatorCall): Value {
  const { graph, shape } = call;
  const x = plain(graph, call.operands[0] as Value);
  const lengths = listAt(call, 'shape');
  const output = { shape, dtype: x.dtype };
  if (lengths.every((length, i) => length >= -1 || -2 - length === i)) {
    const target = lengths.map((length) => (length < -1 ? 0 : length));
    return graph.node('Reshape', [x, lengthsInput(graph, 'shape', target)], output);
  }
  const own = graph.node('Shape', [x], { shape: [x.shape.length], dtype: 'int64' });
  const parts = lengths.map((length, i) => {
    if (length >= -1) return graph.ints(`length${i}`, [1], [length]);
    const axis = graph.ints(`axis${i}`, [1], [-2 - length]);
    return graph.node('Gather', [own, axis], { shape: [1], dtype: 'int64' }, { axis: 0 });
  });
  const target = graph.node('Concat', parts, { shape: [parts.length], dtype: 'int64' }, { axis: 0 });
  return graph.node('Reshape', [x, target], output);
}

/** The same stored elements under another shape. */
const storedView = (from: TensorData, shape: readonly number[]): TensorData | undefined =>
  elementsIn(shape) === from.data.length ? { ...from, shape } : undefined;

const reshape: Operator = {
  reads: [0],
  outputs: (call) => {
    const wanted = ints(call, 'shape') ?? input(call, 1).values;
    if (wanted === undefined) return view(call, unknownLengths(shapeAt(call, 1)?.[0]));
    return view(call, reshaped(shapeAt(call, 0), wanted, int(call, 'allowzero', 0) === 1));
  },
  fold: ([x, wanted], call) => {
    const shape =
      x && reshaped(x.shape, ints(call, 'shape') ?? numbersIn(wanted) ?? [], int(call, 'allowzero', 0) === 1);
    const known = numbersOf(shape);
    return x && known && storedView(x, known);
  },
  write: writeReshape,
  compute: reshapedAs,
};

function flattened(call: Call): Shape | null {
  const shape = shapeAt(call, 0);
  if (shape === null) return null;
  const axis = int(call, 'axis', 1);
  const split = axis < 0 ? axis + shape.length : axis;
  return [elementsOf(shape.slice(0, split)), elementsOf(shape.slice(split))];
}

const flatten: Operator = {
  reads: [0],
  outputs: (call) => view(call, flattened(call) ?? [null, null]),
  fold: ([x], call) => {
    if (x === undefined) return undefined;
    const axis = int(call, 'axis', 1);
    const split = axis < 0 ? axis + x.shape.length : axis;
    return storedView(x, [elementsIn(x.shape.slice(0, split)), elementsIn(x.shape.slice(split))]);
  },
  operands: 'plain',
  read: (call) => {
    const lengths = numbersOf(flattened(call) ?? undefined);
    return lengths && { shape: lengths };
  },
  compute: reshapedAs,
};

const squeeze: Operator = {
  reads: [0],
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
  fold: ([x, list], call) => {
    if (x === undefined) return undefined;
    const isAll = list === undefined && ints(call, 'axes') === undefined;
    const axes = foldedAxes(call, list, x.shape.length);
    if (!isAll && axes === undefined) return undefined;
    return storedView(
      x,
      x.shape.filter((length, i) => (isAll ? length !== 1 : !axes?.includes(i))),
    );
  },
};

const unsqueeze: Operator = {
  reads: [0],
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
  fold: ([x, list], call) => {
    const count = (ints(call, 'axes') ?? numbersIn(list))?.length ?? 0;
    const rank = (x?.shape.length ?? 0) + count;
    const axes = foldedAxes(call, list, rank);
    if (x === undefined || axes === undefined) return undefined;
    const rest = [...x.shape];
    return storedView(
      x,
      Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : (rest.shift() ?? 1))),
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
  fold: ([x], call) => {
    if (x === undefined) return undefined;
    const order = ints(call, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
    const own = stridesOf(x.shape);
    return strided(
      x,
      order.map((axis) => x.shape[axis] as number),
      order.map((axis) => own[axis] as number),
    );
  },
  write: plainNode((call) => ({ perm: listAt(call, 'perm') })),
  compute: (tf, [x], attributes) => tf.transpose(x as Tensor, [...listOf(attributes, 'perm')]),
};

/** Elements of a transposed vector or matrix. */
function transposedValues(values: Shape, shape: Shape, order: readonly number[] | undefined): Shape | undefined {
  const isMoved = order === undefined || order[0] !== 0;
  const [rows, columns] = shape;
  if (shape.length < 2 || (shape.length === 2 && !isMoved)) return values;
  if (shape.length > 2 || typeof rows !== 'number' || typeof columns !== 'number') return undefined;
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? null);
}

/** Operators that arrange the same elements anew. */
export const layout: Operators = {
  Identity: { ...each({ lengths: (a = null) => a, compute: (tf, x) => tf.clone(x) }), fold: ([x]) => x },
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  ScatterElements: each({}),
  Scatter: each({}),
  ScatterND: each({}),
  TensorScatter: each({}),
  ReverseSequence: each({}),
  Trilu: each({}),
};
