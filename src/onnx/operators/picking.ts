import { sizeOf as elementsIn } from '../../core/shape.ts';
import type { Tensor, Tensor1D } from '../../runtime/tf.ts';
import type { OnnxLength } from '../description.ts';
import { type Attributes, listOf, numberOf, type Operator, type Operators } from '../operator.ts';
import { dtypeAt, hasAttribute, input, int, numbersAt, shapeAt } from '../shapes/call.ts';
import { axisOf, length, numbersOf, tensor, withLength } from '../shapes/tensor.ts';
import { emptyArray, typedArray } from '../simplify/convert.ts';
import { listOf as numbersIn, stridesOf } from '../simplify/strided.ts';
import type { Value } from '../write/graphValue.ts';
import { listAt, numberAt, plainInputs } from '../write/operatorCall.ts';

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
  fold: ([x, indices], call) => {
    const axis = x && axisOf(int(call, 'axis', 0), x.shape.length);
    if (x === undefined || indices === undefined || axis === undefined) return undefined;
    const length = x.shape[axis] as number;
    const picked = (numbersIn(indices) ?? []).map((one) => (one < 0 ? one + length : one));
    if (picked.some((one) => one < 0 || one >= length)) return undefined;
    const outer = elementsIn(x.shape.slice(0, axis));
    const inner = elementsIn(x.shape.slice(axis + 1));
    const data = emptyArray(x.dtype, outer * picked.length * inner);
    let at = 0;
    for (let block = 0; block < outer; block += 1) {
      for (const one of picked) {
        const from = (block * length + one) * inner;
        for (let i = 0; i < inner; i += 1) data[at++] = x.data[from + i] as number;
      }
    }
    return { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], data };
  },
  operands: 'plain',
  read: (call): Attributes | undefined => {
    const axis = axisOf(int(call, 'axis', 0), shapeAt(call, 0)?.length ?? 0);
    const [indices, lengths] = [numbersAt(call, 1), numbersOf(shapeAt(call, 1) ?? undefined)];
    if (axis === undefined) return undefined;
    return indices === undefined || lengths === undefined ? { axis } : { axis, indices, lengths };
  },
  write: (call) => {
    const { graph, shape } = call;
    const [x, places] = plainInputs(call);
    const picked = listAt(call, 'indices');
    const indices = places ?? graph.ints('indices', numberAt(call, 'isOne', 0) === 1 ? [] : [picked.length], picked);
    const dtype = typeof x === 'object' ? x.dtype : 'float32';
    return graph.node('Gather', [x as Value | string, indices], { shape, dtype }, { axis: numberAt(call, 'axis', 0) });
  },
  /** `indices` that are known; the result has their `lengths` in the axis's place, or none where `isOne`. */
  compute: (tf, [x, indices], attributes) => {
    const [whole, axis] = [x as Tensor, numberOf(attributes, 'axis', 0)];
    const length = whole.shape[axis] as number;
    if (attributes['indices'] === undefined) {
      const places = tf.cast(indices as Tensor, 'int32');
      const own = tf.add(places, tf.scalar(length, 'int32'));
      return tf.gather(whole, tf.where(tf.less(places, tf.scalar(0, 'int32')), own, places) as Tensor1D, axis);
    }
    const picked = listOf(attributes, 'indices').map((one) => (one < 0 ? one + length : one));
    const isOne = numberOf(attributes, 'isOne', 0) === 1;
    const lengths =
      attributes['lengths'] === undefined ? (isOne ? [] : [picked.length]) : listOf(attributes, 'lengths');
    const [first = 0] = picked;
    const isRun = picked.every((one, i) => one === first + i);
    const taken = isRun
      ? tf.slice(
          whole,
          whole.shape.map((_, i) => (i === axis ? first : 0)),
          whole.shape.map((one, i) => (i === axis ? picked.length : one)),
        )
      : tf.gather(whole, tf.tensor1d(picked, 'int32'), axis);
    return tf.reshape(taken, [...whole.shape.slice(0, axis), ...lengths, ...whole.shape.slice(axis + 1)]);
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
  reads: [0],
  operands: 'along',
  read: (call) => {
    const axis = axisOf(int(call, 'axis', -1), shapeAt(call, 0)?.length ?? 0);
    const k = hasAttribute(call, 'k') ? int(call, 'k', 1) : numbersAt(call, 1)?.[0];
    return axis === undefined || k === undefined ? undefined : { axis, k, largest: int(call, 'largest', 1) };
  },
  computeAll: (tf, [x], attributes) => {
    const [whole, axis] = [x as Tensor, numberOf(attributes, 'axis', -1)];
    const order = whole.shape.map((_, i) => i).filter((i) => i !== axis);
    const isLast = axis === whole.rank - 1;
    const last = isLast ? whole : tf.transpose(whole, [...order, axis]);
    const isLargest = numberOf(attributes, 'largest', 1) === 1;
    const { values, indices } = tf.topk(isLargest ? last : tf.neg(last), numberOf(attributes, 'k', 1));
    const found = [isLargest ? values : tf.neg(values), indices];
    const back = whole.shape.map((_, i) => (i === axis ? whole.rank - 1 : order.indexOf(i)));
    return isLast ? found : found.map((one) => tf.transpose(one, back));
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

/** Operators that pick elements by their places, or say where elements are. */
export const picking: Operators = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  OneHot: oneHot,
  TopK: topK,
  Compress: compress,
  Unique: unique,
  NonZero: {
    outputs: (call) => [tensor('int64', [shapeAt(call, 0)?.length ?? null, null])],
    fold: ([x]) => {
      if (x === undefined) return undefined;
      const found = [...x.data.keys()].filter((i) => Number(x.data[i]) !== 0);
      const own = stridesOf(x.shape);
      const rows = own.flatMap((step, axis) => found.map((i) => Math.floor(i / step) % (x.shape[axis] as number)));
      return { dtype: 'int64', shape: [x.shape.length, found.length], data: typedArray('int64', rows) };
    },
  },
  NonMaxSuppression: { outputs: () => [tensor('int64', [null, 3])] },
};
