import { sizeOf } from '../../core/shape.ts';
import type { Tensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { each } from '../elementwise.ts';
import { type Fold, listOf, numberOf, type Operator, type Operators } from '../operator.ts';
import { axesOf, type Call, dtypeAt, input, int, ints, numbersAt, shapeAt, text } from '../shapes/call.ts';
import { axisOf, numbersOf, type Shape, tensor, unknownLengths } from '../shapes/tensor.ts';
import { isCounted, numbers, typedArray } from '../simplify/convert.ts';
import { stridesOf } from '../simplify/strided.ts';
import { heldAxis, type Value } from '../write/graphValue.ts';
import { plain } from '../write/layout.ts';
import { listAt, numberAt, plainNode, unflattened, type Write } from '../write/operatorCall.ts';

/** The shape without these axes, or with a 1 at each of them; null for axes stands for unknown ones. */
function reducedShape(shape: Shape | null, axes: readonly number[] | null, isKept: boolean): Shape | null {
  if (shape === null) return null;
  if (axes === null) return isKept ? unknownLengths(shape.length) : null;
  const gone = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  return isKept ? shape.map((one, i) => (gone.has(i) ? 1 : one)) : shape.filter((_, i) => !gone.has(i));
}

/** The axes that are made one number each, counted from the front; undefined where they or their number are not known. */
function axesIn(call: Call): readonly number[] | undefined {
  const [rank, given] = [shapeAt(call, 0)?.length, axesOf(call, 'axes', 1)];
  if (rank === undefined || given === null) return undefined;
  const isOpen = given === undefined || given.length === 0;
  if (isOpen) return int(call, 'noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, i) => i);
  return given.map((axis) => axisOf(axis, rank) ?? 0).sort((a, b) => a - b);
}

interface Along {
  /** Adds one number to those before, which begin with `start`. */
  readonly start?: number;
  readonly add?: (sum: number, one: number) => number;
  /** Whether the sum is divided by how many there are. */
  readonly isMean?: boolean;
  readonly compute: (tf: Tf, x: Tensor, axes: number[], keepsAxes: boolean) => Tensor;
}

/** One number of many, along axes. */
function along({ start = 0, add, isMean = false, compute }: Along): Operator {
  return {
    outputs: (call) => {
      const { dtype, shape, values } = input(call, 0);
      const given = axesOf(call, 'axes', 1);
      const isEmpty = given === undefined || given?.length === 0;
      if (isEmpty && int(call, 'noop_with_empty_axes', 0) === 1) return [tensor(dtype, shape, values)];
      const all = shape?.map((_, i) => i) ?? null;
      const reduced = reducedShape(shape, isEmpty ? all : (given ?? null), int(call, 'keepdims', 1) === 1);
      const list = shape?.length === 1 && given !== null ? numbersOf(values) : undefined;
      const isFolded = add !== undefined && !isMean && list !== undefined && list.length > 0;
      return [tensor(dtype, reduced, isFolded ? [list.reduce((a, b) => add(a, b), start)] : undefined)];
    },
    ...(add && { fold: folded(start, add, isMean) }),
    reads: [0],
    operands: 'along',
    read: (call) => {
      const axes = axesIn(call);
      return axes && { axes, keepdims: int(call, 'keepdims', 1) };
    },
    write: writeReduction,
    compute: (tf, [x], attributes) =>
      compute(tf, x as Tensor, [...listOf(attributes, 'axes')], numberOf(attributes, 'keepdims', 1) === 1),
  };
}

const writeReduction: Write = (call) => {
  const { graph, name, shape } = call;
  const x = unflattened(call);
  const axes = listAt(call, 'axes');
  const keepsChannels = !axes.includes(x.shape.length - 1) && shape.length > 2;
  const layout = x.layout === 'channels-first' && keepsChannels ? 'channels-first' : 'plain';
  const held = axes.map((axis) => heldAxis(x, axis));
  return graph.reduce(name, x, held, { shape, dtype: x.dtype, layout });
};

function folded(start: number, add: (sum: number, one: number) => number, isMean: boolean): Fold {
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
      result[at] = add(result[at] as number, value);
    }
    if (isMean)
      for (let i = 0; i < result.length; i += 1) result[i] = ((result[i] as number) * result.length) / x.data.length;
    const shape = int(call, 'keepdims', 1) === 1 ? kept : x.shape.filter((_, i) => !axes.has(i));
    return { dtype: x.dtype, shape, data: typedArray(x.dtype, result) };
  };
}

/** Where along an axis the largest or smallest is. */
function position(find: (tf: Tf, x: Tensor, axis: number) => Tensor): Operator {
  return {
    outputs: (call) => {
      const shape = reducedShape(shapeAt(call, 0), [int(call, 'axis', 0)], int(call, 'keepdims', 1) === 1);
      return [tensor('int64', shape)];
    },
    operands: 'along',
    refuse: (call) => (int(call, 'select_last_index', 0) === 1 ? 'it gives the last of equals' : undefined),
    read: (call) => {
      const axis = axisOf(int(call, 'axis', 0), shapeAt(call, 0)?.length ?? 0);
      return axis === undefined ? undefined : { axes: [axis], keepdims: int(call, 'keepdims', 1) };
    },
    write: plainNode(
      (call) => ({ axis: listAt(call, 'axes')[0] ?? 0, keepdims: numberAt(call, 'keepdims', 0) }),
      'int64',
    ),
    compute: (tf, [x], attributes) => {
      const [axis = 0] = listOf(attributes, 'axes');
      const found = find(tf, x as Tensor, axis);
      return numberOf(attributes, 'keepdims', 1) === 1 ? tf.expandDims(found, axis) : found;
    },
  };
}

const runningSum: Operator = {
  ...each({}),
  reads: [0],
  operands: 'along',
  read: (call) => {
    const axis = axisOf(numbersAt(call, 1)?.[0] ?? Number.NaN, shapeAt(call, 0)?.length ?? 0);
    if (axis === undefined) return undefined;
    return { axis, exclusive: int(call, 'exclusive', 0), reverse: int(call, 'reverse', 0) };
  },
  write: (call) => {
    const { graph, shape } = call;
    const x = plain(graph, call.operands[0] as Value);
    const axis = graph.ints('axis', [], [numberAt(call, 'axis', 0)]);
    const flags = { exclusive: numberAt(call, 'exclusive', 0), reverse: numberAt(call, 'reverse', 0) };
    return graph.node('CumSum', [x, axis], { shape, dtype: x.dtype }, flags);
  },
  compute: (tf, [x], attributes) => {
    const [isExclusive, isReverse] = ['exclusive', 'reverse'].map((name) => numberOf(attributes, name, 0) === 1);
    return tf.cumsum(x as Tensor, numberOf(attributes, 'axis', 0), isExclusive, isReverse);
  },
};

const loss: Operator = {
  outputs: (call) => {
    const dtype = dtypeAt(call, 0);
    const isWhole = text(call, 'reduction', 'mean') !== 'none';
    return [tensor(dtype, isWhole ? [] : shapeAt(call, 1)), tensor(dtype, shapeAt(call, 0))];
  },
};

const sum = (a: number, b: number) => a + b;

/** Operators that make one number of many, or sum up. */
export const reduction: Operators = {
  ReduceMean: along({ add: sum, isMean: true, compute: (tf, x, axes, keep) => tf.mean(x, axes, keep) }),
  ReduceSum: along({ add: sum, compute: (tf, x, axes, keep) => tf.sum(x, axes, keep) }),
  ReduceMax: along({ start: -Infinity, add: Math.max, compute: (tf, x, axes, keep) => tf.max(x, axes, keep) }),
  ReduceMin: along({ start: Infinity, add: Math.min, compute: (tf, x, axes, keep) => tf.min(x, axes, keep) }),
  ReduceProd: along({ start: 1, add: (a, b) => a * b, compute: (tf, x, axes, keep) => tf.prod(x, axes, keep) }),
  ReduceL1: along({ compute: (tf, x, axes, keep) => tf.sum(tf.abs(x), axes, keep) }),
  ReduceL2: along({ compute: (tf, x, axes, keep) => tf.sqrt(tf.sum(tf.square(x), axes, keep)) }),
  ReduceSumSquare: along({ compute: (tf, x, axes, keep) => tf.sum(tf.square(x), axes, keep) }),
  ReduceLogSum: along({ compute: (tf, x, axes, keep) => tf.log(tf.sum(x, axes, keep)) }),
  ReduceLogSumExp: along({ compute: (tf, x, axes, keep) => tf.logSumExp(x, axes, keep) }),
  ArgMax: position((tf, x, axis) => tf.argMax(x, axis)),
  ArgMin: position((tf, x, axis) => tf.argMin(x, axis)),
  CumSum: runningSum,
  NegativeLogLikelihoodLoss: loss,
  SoftmaxCrossEntropyLoss: loss,
  Det: { outputs: (call) => [tensor(dtypeAt(call, 0), shapeAt(call, 0)?.slice(0, -2) ?? null)] },
};
