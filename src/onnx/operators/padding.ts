import { sizeOf as elementsIn } from '../../core/shape.ts';
import type { Tensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { listOf, numberOf, type Operator, type Operators, wordOf } from '../operator.ts';
import { type Call, float, input, ints, numbersAt, shapeAt, text } from '../shapes/call.ts';
import { axisOf, length, tensor, times, unknownLengths } from '../shapes/tensor.ts';
import { emptyArray } from '../simplify/convert.ts';
import { listOf as numbersIn, strided, stridesOf } from '../simplify/strided.ts';
import { heldAxis, type Value } from '../write/graphValue.ts';
import { plain } from '../write/layout.ts';
import { lengthsInput, listAt, numberAt, unflattened, wordAt } from '../write/operatorCall.ts';

/** How much is added before and after, axis by axis; undefined where it is not known. */
function padsOf(call: Call): readonly number[] | undefined {
  const rank = shapeAt(call, 0)?.length;
  const flat = ints(call, 'pads') ?? ints(call, 'paddings') ?? numbersAt(call, 1);
  const axes = call.inputs[3] === undefined ? undefined : numbersAt(call, 3);
  if (rank === undefined || flat === undefined || (call.inputs[3] !== undefined && axes === undefined))
    return undefined;
  const named = axes?.map((axis) => axisOf(axis, rank));
  return Array.from({ length: rank }, (_, axis) => {
    const at = named === undefined ? axis : named.indexOf(axis);
    return at < 0 ? [0, 0] : [flat[at] as number, flat[at + flat.length / 2] as number];
  }).flat();
}

/** The first and last elements repeated. */
function edged(tf: Tf, x: Tensor, pads: readonly [number, number][]): Tensor {
  return pads.reduce((sum, [before, after], axis) => {
    if (before === 0 && after === 0) return sum;
    const length = sum.shape[axis] as number;
    const places = Array.from({ length: before + length + after }, (_, i) =>
      Math.min(length - 1, Math.max(0, i - before)),
    );
    return tf.gather(sum, tf.tensor1d(places, 'int32'), axis);
  }, x);
}

/** Axes that one number for each is added to at the front and at the back. */
const pad: Operator = {
  reads: [0],
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
  fold: ([x, list, filling, axisList], call) => {
    const pads = ints(call, 'pads') ?? numbersIn(list);
    const isCovered = axisList === undefined && text(call, 'mode', 'constant') === 'constant';
    if (x === undefined || pads === undefined || !isCovered || pads.some((one) => one < 0)) return undefined;
    const rank = x.shape.length;
    const shape = x.shape.map((length, i) => length + (pads[i] as number) + (pads[i + rank] as number));
    const data = emptyArray(x.dtype, elementsIn(shape));
    const value = filling?.data[0] ?? float(call, 'value') ?? 0;
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
  },
  operands: 'byAxis',
  refuse: (call) => {
    const mode = text(call, 'mode', 'constant');
    if (!['constant', 'reflect', 'edge'].includes(mode)) return `it pads by "${mode}"`;
    return padsOf(call)?.some((one) => one < 0) === true ? 'it cuts by negative padding' : undefined;
  },
  read: (call) => {
    const [pads, value] = [padsOf(call), call.inputs[2] === undefined ? float(call, 'value') : numbersAt(call, 2)?.[0]];
    if (pads === undefined || (call.inputs[2] !== undefined && value === undefined)) return undefined;
    return { pads, mode: text(call, 'mode', 'constant'), value: value ?? 0 };
  },
  write: (call) => {
    const { graph, shape, first } = call;
    const x = unflattened(call);
    const [flat, rank] = [listAt(call, 'pads'), x.shape.length];
    const held = new Array<number>(2 * rank).fill(0);
    x.shape.forEach((_, i) => {
      const axis = heldAxis(x, i);
      held[axis] = flat[2 * i] ?? 0;
      held[rank + axis] = flat[2 * i + 1] ?? 0;
    });
    const pads = lengthsInput(graph, 'pads', held);
    const mode = wordAt(call, 'mode', 'constant');
    const filler = () => graph.floats('value', [], [numberAt(call, 'value', 0)]);
    const inputs = mode === 'constant' ? [x, pads, filler()] : [x, pads];
    return graph.node('Pad', inputs, { ...first, shape, layout: x.layout }, { mode });
  },
  compute: (tf, [x], attributes) => {
    const flat = listOf(attributes, 'pads');
    const pads = (x as Tensor).shape.map((_, i) => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0] as [number, number]);
    const mode = wordOf(attributes, 'mode', 'constant');
    if (mode === 'constant') return tf.pad(x as Tensor, pads, numberOf(attributes, 'value', 0));
    return mode === 'reflect' ? tf.mirrorPad(x as Tensor, pads, 'reflect') : edged(tf, x as Tensor, pads);
  },
};

const tile: Operator = {
  reads: [0],
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
  fold: ([x, repeats]) => {
    const counts = numbersIn(repeats);
    if (x === undefined || counts?.length !== x.shape.length) return undefined;
    // Each axis is split in two: how often, and what.
    const shape = x.shape.flatMap((length, i) => [counts[i] as number, length]);
    const steps = stridesOf(x.shape).flatMap((step) => [0, step]);
    const { data } = strided(x, shape, steps);
    return { dtype: x.dtype, shape: x.shape.map((length, i) => length * (counts[i] as number)), data };
  },
  operands: 'byAxis',
  read: (call) => {
    const repeats = numbersAt(call, 1);
    return repeats && { repeats };
  },
  write: ({ graph, operands, attributes, shape }) => {
    const x = plain(graph, operands[0] as Value);
    const repeats = lengthsInput(graph, 'repeats', listOf(attributes, 'repeats'));
    return graph.node('Tile', [x, repeats], { shape, dtype: x.dtype });
  },
  compute: (tf, [x], attributes) => tf.tile(x as Tensor, [...listOf(attributes, 'repeats')]),
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

/** Operators that lengthen axes. */
export const padding: Operators = {
  Pad: pad,
  Tile: tile,
  CenterCropPad: centerCropPad,
};
