import type { OnnxLength } from '../describe/description.ts';
import type { Fold, Operator, Operators } from '../operator.ts';
import { type Call, dtypeAt, int, shapeAt } from '../shapes/call.ts';
import { tensor } from '../shapes/tensor.ts';
import { numbers, typedArray } from '../simplify/convert.ts';
import { expanded } from '../simplify/strided.ts';
import type { TensorData } from '../tensorData.ts';

const quantize: Operator = {
  outputs: (call) => {
    const zero = call.inputs[2]?.dtype;
    return [tensor(zero ?? outputDtype(call) ?? 'uint8', shapeAt(call, 0))];
  },
};

const LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65_535],
  int16: [-32_768, 32_767],
  uint4: [0, 15],
  int4: [-8, 7],
};

/** The least and the greatest number that a QuantizeLinear gives; undefined where its type is not known. */
export function quantizedLimits(call: Call): readonly [number, number] | undefined {
  const isGiven = call.inputs[2] !== undefined;
  return LIMITS[(isGiven ? dtypeAt(call, 2) : (outputDtype(call) ?? 'uint8')) ?? ''];
}

/** The element type that `output_dtype` names; only the common ones can be named without a zero point. */
function outputDtype(call: Call): string | undefined {
  return { 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 21: 'uint4', 22: 'int4' }[int(call, 'output_dtype', 0)];
}

/** (q − zero point) · scale, the two for all elements or for each place along an axis. */
const dequantized: Fold = ([x, scale, zero], call) => {
  if (x === undefined || scale?.dtype !== 'float32' || int(call, 'block_size', 0) > 0) return undefined;
  const rank = x.shape.length;
  const axis = int(call, 'axis', 1);
  const front = axis < 0 ? axis + rank : axis;
  const along = (one: TensorData): TensorData => {
    const isSingle = one.data.length === 1 && one.shape.length <= 1;
    return { ...one, shape: isSingle ? [] : [...one.shape, ...new Array<number>(rank - 1 - front).fill(1)] };
  };
  const spread = (one: TensorData) => numbers(one.dtype, expanded(along(one), x.shape).data);
  const [steps, zeros] = [spread(scale), zero && spread(zero)];
  const values = numbers(x.dtype, x.data).map((one, i) => (one - (zeros?.[i] ?? 0)) * (steps[i] as number));
  return { dtype: 'float32', shape: x.shape, data: typedArray('float32', values) };
};

const scalar: readonly OnnxLength[] = [];

/** Operators between floats and whole numbers that stand for them. */
export const quantization: Operators = {
  QuantizeLinear: quantize,
  DequantizeLinear: { outputs: (call) => [tensor(dtypeAt(call, 1), shapeAt(call, 0))], fold: dequantized },
  DynamicQuantizeLinear: {
    outputs: (call) => [tensor('uint8', shapeAt(call, 0)), tensor('float32', scalar), tensor('uint8', scalar)],
  },
};
