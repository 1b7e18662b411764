import type { Tensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { dataTypeOf } from '../dataTypes.ts';
import type { OnnxLength } from '../description.ts';
import { each, joined, joinedOutputs } from '../elementwise.ts';
import type { Attributes, Operator, Operators } from '../operator.ts';
import { type Call, dtypeAt, dtypeAttribute, input, int } from '../shapes/call.ts';
import { broadcast, numbersOf, tensor } from '../shapes/tensor.ts';
import { emptyArray, numbers, typedArray } from '../simplify/convert.ts';
import { expanded } from '../simplify/strided.ts';
import type { ElementType } from '../tensorData.ts';
import { writeBroadcast } from '../write/elements.ts';
import type { Value, ValueType } from '../write/graphValue.ts';
import { wordAt } from '../write/operatorCall.ts';
import { truncated } from './arithmetic.ts';

type Pair = (tf: Tf, a: Tensor, b: Tensor) => Tensor;

const compare = (test: (a: number, b: number) => boolean, compute: Pair) =>
  joined({ dtype: 'bool', number: (a = 0, b = 0) => Number(test(a, b)), compute });

/** Truth values may be given as whole numbers. */
const truth = (test: (a: number, b: number) => boolean, compute: Pair) => ({
  ...compare(test, (tf, a, b) => compute(tf, tf.cast(a, 'bool'), tf.cast(b, 'bool'))),
  write: writeBroadcast({ truths: 'all', dtype: 'bool' }),
});

const where: Operator = {
  outputs: (call) => {
    const pick = (condition: OnnxLength = null, a: OnnxLength = null, b: OnnxLength = null) => {
      if (typeof condition !== 'number') return a === b ? a : null;
      return condition === 0 ? b : a;
    };
    return joinedOutputs(call, pick, undefined, 1);
  },
  fold: ([condition, a, b]) => {
    const shape = numbersOf(broadcast(condition?.shape, a?.shape, b?.shape) ?? undefined);
    if (condition === undefined || a === undefined || b === undefined || shape === undefined) return undefined;
    const [picks, yes, no] = [expanded(condition, shape), expanded(a, shape), expanded(b, shape)];
    const data = emptyArray(a.dtype, picks.data.length);
    for (let i = 0; i < data.length; i += 1) data[i] = (picks.data[i] ? yes : no).data[i] as number;
    return { dtype: a.dtype, shape, data };
  },
  operands: 'broadcast',
  write: writeBroadcast({ truths: 'first', dtype: 'last' }),
  compute: (tf, inputs) => {
    const [condition, a, b] = inputs as [Tensor, Tensor, Tensor];
    const shape = inputs.reduce<number[]>(
      (sum, one) => tf.broadcast_util.assertAndGetBroadcastShape(sum, one.shape),
      [],
    );
    const isWhole = (x: Tensor) => tf.util.arraysEqual(x.shape, shape);
    const whole = (x: Tensor) => (isWhole(x) ? x : tf.broadcastTo(x, shape));
    // Spread as numbers: a broadcast of truth values is not there on every backend.
    const picks = isWhole(condition) ? tf.cast(condition, 'bool') : tf.greater(whole(tf.cast(condition, 'float32')), 0);
    return tf.where(picks, whole(a), whole(b));
  },
};

/** ONNX's element types as those of tfjs. */
const TFJS_TYPES: Readonly<Record<number, 'float32' | 'int32' | 'bool'>> = {
  1: 'float32',
  2: 'int32',
  3: 'int32',
  4: 'int32',
  5: 'int32',
  6: 'int32',
  7: 'int32',
  9: 'bool',
  10: 'float32',
  11: 'float32',
  12: 'int32',
  13: 'int32',
  16: 'float32',
};

const FOLDED_CASTS = new Set<string | null | undefined>([
  'float32',
  'float64',
  'int32',
  'int64',
  'uint8',
  'int8',
  'bool',
]);

/** To the type that an attribute names, or to that of the second input. */
function cast(target: (call: Call) => number): Operator {
  return {
    outputs: (call) => {
      const { dtype, shape, values } = input(call, 0);
      const to = call.node.opType === 'CastLike' ? dtypeAt(call, 1) : (dtypeAttribute(call, 'to') ?? null);
      const isWhole = to !== null && /int/.test(to) && dtype !== null && !/int|bool/.test(dtype);
      const convert = (one: OnnxLength) => {
        if (typeof one !== 'number') return to === 'bool' ? null : one;
        return to === 'bool' ? Number(one !== 0) : isWhole ? Math.trunc(one) : one;
      };
      return [tensor(to, shape, values?.map(convert))];
    },
    read: (call): Attributes | undefined => {
      const to = TFJS_TYPES[target(call)];
      return to && { to };
    },
    operands: 'each',
    write: (call) => {
      const dtype = wordAt(call, 'to', 'float32') as ValueType;
      const to = { float32: 1, int32: 6, int64: 7, bool: 9 }[dtype];
      return call.graph.node('Cast', [call.operands[0] as Value], { ...call.first, dtype }, { to });
    },
    compute: (tf, [x], { to }) => {
      const { dtype } = x as Tensor;
      if (dtype === to) return tf.clone(x as Tensor);
      return tf.cast(to === 'int32' && dtype === 'float32' ? truncated(tf, x as Tensor) : (x as Tensor), to as 'int32');
    },
  };
}

/** Operators that give truth values or choose by them, and those that change the type of elements. */
export const logic: Operators = {
  And: truth(
    (a, b) => a !== 0 && b !== 0,
    (tf, a, b) => tf.logicalAnd(a, b),
  ),
  Or: truth(
    (a, b) => a !== 0 || b !== 0,
    (tf, a, b) => tf.logicalOr(a, b),
  ),
  Xor: truth(
    (a, b) => (a !== 0) !== (b !== 0),
    (tf, a, b) => tf.logicalXor(a, b),
  ),
  Equal: compare(
    (a, b) => a === b,
    (tf, a, b) => tf.equal(a, b),
  ),
  Greater: compare(
    (a, b) => a > b,
    (tf, a, b) => tf.greater(a, b),
  ),
  GreaterOrEqual: compare(
    (a, b) => a >= b,
    (tf, a, b) => tf.greaterEqual(a, b),
  ),
  Less: compare(
    (a, b) => a < b,
    (tf, a, b) => tf.less(a, b),
  ),
  LessOrEqual: compare(
    (a, b) => a <= b,
    (tf, a, b) => tf.lessEqual(a, b),
  ),
  Not: each({
    dtype: 'bool',
    number: (x = 0) => Number(x === 0),
    compute: (tf, x) => tf.logicalNot(tf.cast(x, 'bool')),
  }),
  IsNaN: each({ dtype: 'bool', compute: (tf, x) => tf.isNaN(x) }),
  IsInf: each({ dtype: 'bool' }),
  Where: where,
  Cast: {
    ...cast((call) => int(call, 'to', 1)),
    fold: ([x], call) => {
      const dtype = dtypeAttribute(call, 'to');
      if (x === undefined || !FOLDED_CASTS.has(dtype)) return undefined;
      const type = dtype as ElementType;
      return { dtype: type, shape: x.shape, data: typedArray(type, numbers(x.dtype, x.data)) };
    },
  },
  CastLike: { ...cast((call) => dataTypeOf(dtypeAt(call, 1) ?? '')), reads: [0] },
  BitShift: joined({}),
  BitwiseAnd: joined({}),
  BitwiseOr: joined({}),
  BitwiseXor: joined({}),
  BitwiseNot: each({}),
  StringConcat: joined({}),
};
