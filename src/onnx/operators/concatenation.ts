import { sizeOf as elementsIn } from '../../core/shape.ts';
import type { OnnxLength } from '../description.ts';
import { numberOf, type Operator, type Operators } from '../operator.ts';
import { dtypeAt, int } from '../shapes/call.ts';
import { axisOf, mergeLengths, plus, type Shape, tensor, withLength } from '../shapes/tensor.ts';
import { emptyArray } from '../simplify/convert.ts';
import type { TensorData } from '../tensorData.ts';
import { numberAt, plainNode } from '../write/operatorCall.ts';

/** Inputs one after the other along an axis. `from` is the first of them, `step` how many inputs each brings along. */
export function joinedAlong(from = 0, step = 1, defaultAxis = 1): Operator {
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

const concat: Operator = {
  ...joinedAlong(),
  fold: (inputs, call) => {
    const [first] = inputs;
    const axis = first && axisOf(int(call, 'axis', 0), first.shape.length);
    if (first === undefined || axis === undefined) return undefined;
    const parts = inputs as readonly TensorData[];
    if (parts.some(({ dtype, shape }) => dtype !== first.dtype || shape.length !== first.shape.length))
      return undefined;
    const outer = elementsIn(first.shape.slice(0, axis));
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
  },
  write: plainNode((call) => ({ axis: numberAt(call, 'axis', 0) })),
  compute: (tf, inputs, attributes) => {
    const axis = numberOf(attributes, 'axis', 0);
    // What is the same in every example is stored with a batch of one.
    const batch = Math.max(...inputs.map(({ shape }) => shape[0] as number));
    const whole = inputs.map((one) =>
      axis === 0 || one.shape[0] === batch ? one : tf.broadcastTo(one, [batch, ...one.shape.slice(1)]),
    );
    return tf.concat(whole, axis);
  },
};

/** Operators that join. */
export const concatenation: Operators = { Concat: concat };
