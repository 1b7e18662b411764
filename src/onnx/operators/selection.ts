import type { Tensor } from '../../runtime/tf.ts';
import { listOf, numberOf, type Operator, type Operators } from '../operator.ts';
import { axesOf, hasAttribute, input, int, ints, numbersAt, shapeAt } from '../shapes/call.ts';
import { axisOf, pickAlong, tensor, unknownLengths, withLength } from '../shapes/tensor.ts';
import { listOf as numbersIn, strided, stridesOf } from '../simplify/strided.ts';
import { heldAxis } from '../write/graphValue.ts';
import { lengthsInput, listAt, unflattened } from '../write/operatorCall.ts';

interface Part {
  readonly first: number;
  readonly count: number;
}

/** Where a slice begins and how many elements it has. Source: ONNX, operator Slice. */
function sliceOf(size: number, start: number, end: number, step: number): Part {
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
  reads: [0],
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
  fold: ([x, startList, endList, axisList, stepList], call) => {
    if (x === undefined) return undefined;
    const starts = ints(call, 'starts') ?? numbersIn(startList);
    const ends = ints(call, 'ends') ?? numbersIn(endList);
    if (starts === undefined || ends === undefined) return undefined;
    const axes = ints(call, 'axes') ?? numbersIn(axisList) ?? starts.map((_, i) => i);
    const jumps = numbersIn(stepList) ?? starts.map(() => 1);
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
  },
  operands: 'byAxis',
  read: (call) => {
    const [rank, starts, ends] = [
      shapeAt(call, 0)?.length,
      ints(call, 'starts') ?? numbersAt(call, 1),
      ints(call, 'ends') ?? numbersAt(call, 2),
    ];
    const axes = axesOf(call, 'axes', 3);
    const steps = call.inputs[4] === undefined ? [] : numbersAt(call, 4);
    if (rank === undefined || starts === undefined || ends === undefined || axes === null || steps === undefined)
      return undefined;
    const cut = { starts: new Array(rank).fill(0), ends: new Array(rank).fill(FAR), steps: new Array(rank).fill(1) };
    const near = (place: number) => Math.max(-FAR, Math.min(FAR, place));
    starts.forEach((start, i) => {
      const axis = axisOf(axes?.[i] ?? i, rank) ?? 0;
      cut.starts[axis] = near(start);
      cut.ends[axis] = near(ends[i] ?? FAR);
      cut.steps[axis] = steps[i] ?? 1;
    });
    return cut;
  },
  write: (call) => {
    const { graph, shape, first } = call;
    const x = unflattened(call);
    const [starts = [], ends = [], steps = []] = ['starts', 'ends', 'steps'].map((key) => listAt(call, key));
    const cuts = starts.flatMap((start, i) => (start !== 0 || ends[i] !== FAR || steps[i] !== 1 ? [i] : []));
    const list = (name: string, values: readonly number[]) => {
      return lengthsInput(
        graph,
        name,
        cuts.map((i) => values[i] as number),
      );
    };
    const axes = x.shape.map((_, i) => heldAxis(x, i));
    const inputs = [x, list('starts', starts), list('ends', ends), list('axes', axes), list('steps', steps)];
    return graph.node('Slice', inputs, { ...first, shape, layout: x.layout });
  },
  /** Whole lists of `starts`, `ends` and `steps`, an entry an axis; an end beyond an axis is its end. */
  compute: (tf, [x], attributes) => {
    const whole = x as Tensor;
    const [starts, ends, steps] = ['starts', 'ends', 'steps'].map((name) => listOf(attributes, name));
    const parts = whole.shape.map((size, i) => {
      const [start, end, step] = [starts?.[i] ?? 0, ends?.[i] ?? FAR, steps?.[i] ?? 1];
      return { ...sliceOf(size, start, end, step), step, size };
    });
    const begin = parts.map(({ first, step }) => (step === 1 ? first : 0));
    const size = parts.map(({ count, step, size }) => (step === 1 ? count : size));
    const isCut = size.some((one, i) => one !== whole.shape[i]);
    const sliced = isCut ? tf.slice(whole, begin, size) : tf.clone(whole);
    // Steps other than one pick their places: a strided slice has no slope.
    return parts.reduce<Tensor>((sum, part, axis) => {
      if (part.step === 1) return sum;
      return tf.gather(sum, tf.tensor1d([...steppedIndices(part, part.step)], 'int32'), axis);
    }, sliced);
  },
};

function steppedIndices({ first, count }: Part, step: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => first + i * step);
}

const split: Operator = {
  reads: [0],
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
  fold: ([x, list], call) => {
    const axis = x && axisOf(int(call, 'axis', 0), x.shape.length);
    if (x === undefined || axis === undefined) return undefined;
    const length = x.shape[axis] as number;
    const sizes = ints(call, 'split') ?? numbersIn(list) ?? evenParts(length, call.node.output.length);
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
  },
  operands: 'along',
  read: (call) => {
    const [shape, parts] = [shapeAt(call, 0), call.node.output.length];
    const axis = axisOf(int(call, 'axis', 0), shape?.length ?? 0);
    const given = ints(call, 'split') ?? numbersAt(call, 1);
    const length = axis === undefined ? undefined : shape?.[axis];
    if (axis === undefined || (call.inputs[1] !== undefined && given === undefined)) return undefined;
    if (given !== undefined) return { axis, sizes: given };
    return typeof length === 'number' ? { axis, sizes: evenParts(length, parts) } : undefined;
  },
  computeAll: (tf, [x], attributes) =>
    tf.split(x as Tensor, [...listOf(attributes, 'sizes')], numberOf(attributes, 'axis', 0)),
};

/** The last part is smaller where the length is no multiple. */
function evenParts(length: number, parts: number): number[] {
  const even = Math.ceil(length / parts);
  return Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(even, length - i * even)));
}

/** Operators that cut. */
export const selection: Operators = {
  Slice: slice,
  Split: split,
};
