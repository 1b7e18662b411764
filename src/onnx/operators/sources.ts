import { sizeOf as elementsIn } from '../../core/shape.ts';
import type { Tensor } from '../../runtime/tf.ts';
import type { OnnxLength } from '../describe/description.ts';
import { listOf, numberOf, type Operator, type Operators } from '../operator.ts';
import {
  type Call,
  dtypeAt,
  dtypeAttribute,
  float,
  floats,
  hasAttribute,
  input,
  int,
  ints,
  numbersAt,
  shapeAt,
  tensorAttribute,
  textCount,
} from '../shapes/call.ts';
import {
  broadcast,
  elementsOf,
  length,
  lengths,
  MOST_VALUES,
  numbersOf,
  type Shape,
  tensor,
  UNKNOWN,
  unknownLengths,
} from '../shapes/tensor.ts';
import { typedArray } from '../simplify/convert.ts';
import { expanded, listOf as numbersIn } from '../simplify/strided.ts';
import type { Value } from '../write/graphValue.ts';
import { plain } from '../write/layout.ts';
import { lengthsInput } from '../write/operatorCall.ts';

/** All axes' lengths as a list, or those from `start` to `end`. */
const shapeOf: Operator = {
  outputs: (call) => {
    const shape = shapeAt(call, 0);
    if (shape === null) return [tensor('int64', [null])];
    const lengths = shape.slice(int(call, 'start', 0), hasAttribute(call, 'end') ? int(call, 'end', 0) : undefined);
    return [tensor('int64', [lengths.length], lengths)];
  },
};

const sizeOf: Operator = {
  outputs: (call) => {
    const shape = shapeAt(call, 0);
    return [tensor('int64', [], shape === null ? undefined : [elementsOf(shape)])];
  },
};

const constant: Operator = {
  outputs: (call) => {
    const stored = tensorAttribute(call, 'value');
    if (stored !== undefined) return [stored];
    const whole = ints(call, 'value_ints');
    const real = floats(call, 'value_floats');
    if (whole !== undefined) return [tensor('int64', [whole.length], whole)];
    if (real !== undefined) return [tensor('float32', [real.length], real)];
    if (hasAttribute(call, 'value_int')) return [tensor('int64', [], [int(call, 'value_int', 0)])];
    if (hasAttribute(call, 'value_float')) return [tensor('float32', [], [float(call, 'value_float') ?? 0])];
    if (hasAttribute(call, 'value_string')) return [tensor('string', [])];
    const strings = textCount(call, 'value_strings');
    return [strings === undefined ? UNKNOWN : tensor('string', [strings])];
  },
};

/** The shape that the elements of an input name. */
function shapeFrom(call: Call, index: number): Shape | null {
  const values = input(call, index).values;
  if (values === undefined) return unknownLengths(shapeAt(call, index)?.[0]);
  return lengths(values);
}

const constantOfShape: Operator = {
  outputs: (call) => {
    const fill = tensorAttribute(call, 'value') ?? tensor('float32', [1], [0]);
    const shape = shapeFrom(call, 0);
    const count = shape === null ? null : elementsOf(shape);
    const value = fill.values?.[0];
    const isFew = typeof count === 'number' && count <= MOST_VALUES && value !== undefined;
    return [tensor(fill.dtype, shape, isFew ? new Array<OnnxLength>(count).fill(value) : undefined)];
  },
  fold: ([wanted], call) => {
    const shape = numbersIn(wanted);
    const value = tensorAttribute(call, 'value');
    const dtype = value === undefined ? 'float32' : value.dtype;
    const element = value === undefined ? 0 : value.values?.[0];
    if (shape === undefined || typeof element !== 'number') return undefined;
    if (dtype !== 'float32' && dtype !== 'int64' && dtype !== 'int32' && dtype !== 'bool') return undefined;
    return { dtype, shape, data: typedArray(dtype, new Float64Array(elementsIn(shape)).fill(element)) };
  },
  operands: 'plain',
  read: (call) => {
    const fill = tensorAttribute(call, 'value') ?? tensor('float32', [1], [0]);
    const [lengths, value] = [numbersOf(shapeFrom(call, 0) ?? undefined), fill.values?.[0]];
    if (lengths === undefined || typeof value !== 'number') return undefined;
    return { shape: lengths, value, isWhole: fill.dtype?.startsWith('float') === true ? 0 : 1 };
  },
  compute: (tf, _inputs, attributes) => {
    const dtype = numberOf(attributes, 'isWhole', 0) === 1 ? 'int32' : 'float32';
    return tf.fill([...listOf(attributes, 'shape')], numberOf(attributes, 'value', 0), dtype);
  },
};

const range: Operator = {
  outputs: (call) => {
    const dtype = dtypeAt(call, 0);
    const [start, limit, delta] = [0, 1, 2].map((i) => numbersAt(call, i)?.[0]);
    if (start === undefined || limit === undefined || delta === undefined || delta === 0) {
      const end = input(call, 1).values?.[0];
      return [tensor(dtype, [start === 0 && delta === 1 && typeof end === 'string' ? end : null])];
    }
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    const values = count <= MOST_VALUES ? Array.from({ length: count }, (_, i) => start + i * delta) : undefined;
    return [tensor(dtype, [length(count)], values)];
  },
  fold: (inputs) => {
    const [start, limit, step] = inputs.map((one) => (one === undefined ? Number.NaN : Number(one.data[0])));
    const [first] = inputs;
    if (first === undefined || start === undefined || limit === undefined || step === undefined) return undefined;
    const count = Math.max(0, Math.ceil((limit - start) / step));
    if (!Number.isFinite(count)) return undefined;
    const values = Float64Array.from({ length: count }, (_, i) => start + i * step);
    return { dtype: first.dtype, shape: [count], data: typedArray(first.dtype, values) };
  },
  operands: 'plain',
  // Its inputs are numbers that must be known.
  reads: [],
  read: (call) => {
    const [start, limit, step] = [0, 1, 2].map((i) => numbersAt(call, i)?.[0]);
    if (start === undefined || limit === undefined || step === undefined || step === 0) return undefined;
    const count = Math.max(0, Math.ceil((limit - start) / step));
    return { start, step, count, isWhole: /int/.test(dtypeAt(call, 0) ?? 'int64') ? 1 : 0 };
  },
  compute: (tf, _inputs, attributes) => {
    const [start, step, count] = ['start', 'step', 'count'].map((name) => numberOf(attributes, name, 0)) as [
      number,
      number,
      number,
    ];
    if (numberOf(attributes, 'isWhole', 0) === 1) return tf.range(start, start + count * step, step, 'int32');
    return tf.add(tf.mul(tf.range(0, count, 1, 'float32'), step), start);
  },
};

const expand: Operator = {
  reads: [0],
  outputs: (call) => {
    const { dtype, shape, values } = input(call, 0);
    const result = broadcast(shape, shapeFrom(call, 1));
    const count = numbersOf(result ?? undefined)?.reduce((a, b) => a * b, 1);
    const isFew = values?.length === 1 && count !== undefined && count <= MOST_VALUES;
    return [tensor(dtype, result, isFew ? new Array<OnnxLength>(count).fill(values[0] ?? null) : undefined)];
  },
  fold: ([x, wanted]) => {
    const shape = numbersOf(broadcast(x?.shape, numbersIn(wanted)) ?? undefined);
    return x && shape && expanded(x, shape);
  },
  operands: 'plain',
  read: (call) => {
    const lengths = numbersOf(broadcast(shapeAt(call, 0), shapeFrom(call, 1)) ?? undefined);
    return lengths && { shape: lengths };
  },
  write: ({ graph, operands, attributes, shape }) => {
    const x = plain(graph, operands[0] as Value);
    // A length of 1 in the target leaves an axis as it is.
    const lengths = listOf(attributes, 'shape').map((length) => (length < 0 ? 1 : length));
    return graph.node('Expand', [x, lengthsInput(graph, 'shape', lengths)], { shape, dtype: x.dtype });
  },
  /** A length below 0 is the tensor's own. */
  compute: (tf, [x], attributes) => {
    const { shape } = x as Tensor;
    const target = listOf(attributes, 'shape').map((one, i) => (one < 0 ? (shape[i] as number) : one));
    return tf.broadcastTo(x as Tensor, target);
  },
};

/** Random numbers, or others, of a shape that attributes name. */
const ofGivenShape: Operator = {
  outputs: (call) => [tensor(dtypeAttribute(call, 'dtype') ?? 'float32', ints(call, 'shape') ?? null)],
};

const like: Operator = {
  outputs: (call) => [tensor(dtypeAttribute(call, 'dtype') ?? dtypeAt(call, 0), shapeAt(call, 0))],
};

const multinomial: Operator = {
  outputs: (call) => [
    tensor(dtypeAttribute(call, 'dtype') ?? 'int32', [shapeAt(call, 0)?.[0] ?? null, int(call, 'sample_size', 1)]),
  ],
};

const window: Operator = {
  outputs: (call) => [
    tensor(dtypeAttribute(call, 'output_datatype') ?? 'float32', [input(call, 0).values?.[0] ?? null]),
  ],
};

const melWeights: Operator = {
  outputs: (call) => {
    const [bins = null, size] = [numbersAt(call, 0)?.[0], numbersAt(call, 1)?.[0]];
    const spectrum = size === undefined ? null : length(Math.floor(size / 2) + 1);
    return [tensor(dtypeAttribute(call, 'output_datatype') ?? 'float32', [spectrum, bins])];
  },
};

const affineGrid: Operator = {
  outputs: (call) => {
    const size = input(call, 1).values;
    if (size === undefined) return [tensor(dtypeAt(call, 0), null)];
    return [tensor(dtypeAt(call, 0), [size[0] ?? null, ...size.slice(2), size.length - 2])];
  },
};

/** Operators that make tensors from shapes and numbers. */
export const sources: Operators = {
  Shape: shapeOf,
  Size: sizeOf,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Expand: expand,
  RandomNormal: ofGivenShape,
  RandomUniform: ofGivenShape,
  RandomNormalLike: like,
  RandomUniformLike: like,
  Bernoulli: like,
  EyeLike: like,
  Multinomial: multinomial,
  HannWindow: window,
  HammingWindow: window,
  BlackmanWindow: window,
  MelWeightMatrix: melWeights,
  AffineGrid: affineGrid,
};
