// Numbers of a few bits lie on the heap as whole floats: the kernels multiply floats, and sums below 2²⁴ are exact.
import { sizeOf } from '../../../core/shape.ts';
import { quantizedLimits } from '../../../onnx/operators/quantization.ts';
import * as tf from '../../../runtime/tf.ts';
import { axisOf, int, type Operator, type Operators, type StepCall, unsupported } from '../call.ts';
import { type LayoutValue, plainValue } from '../layoutValue.ts';
import type { Stored } from '../steps.ts';
import { convolution } from './convolutions.ts';
import { matMul } from './products.ts';

/** Added to a number below 2²² and taken away again, it rounds it to the nearest whole one, ties to even. */
const ROUNDER = 12_582_912;

function rounded(x: tf.Tensor): tf.Tensor {
  return tf.sub(tf.add(x, ROUNDER), ROUNDER);
}

/** round(x ÷ scale) + zero, cut at the limits. Cut first: what is rounded must not be large. */
function quantized(
  x: tf.Tensor,
  scale: tf.Tensor,
  zero: tf.Tensor | undefined,
  limits: readonly [number, number],
): tf.Tensor {
  const [least, most] = limits.map((limit) => (zero === undefined ? tf.scalar(limit) : tf.sub(limit, zero)));
  const steps = rounded(tf.minimum(tf.maximum(tf.div(x, scale), least as tf.Tensor), most as tf.Tensor));
  return zero === undefined ? steps : tf.add(steps, zero);
}

function asFloats({ tensor, order }: LayoutValue): LayoutValue {
  return { tensor: tf.cast(tensor, 'float32'), order };
}

/** A scale or a zero point, one for all values or one for each place along an axis, as it broadcasts to them. */
function spread(call: StepCall, index: number, { tensor, order }: LayoutValue): tf.Tensor {
  const given = tf.cast(call.value(index).tensor, 'float32');
  if (given.size === 1) return given.reshape([]);
  const at = order.indexOf(axisOf(call, 1));
  if (int(call, 'block_size', 0) > 0 || given.rank !== 1) throw unsupported(call, 'its scales are those of blocks');
  return given.reshape(tensor.shape.map((_, i) => (i === at ? given.size : 1)));
}

const quantize: Operator = (call) => {
  const limits = quantizedLimits(call.onnx);
  if (limits === undefined) throw unsupported(call, 'the type of its result is not known');
  const x = asFloats(call.value(0));
  const zero = call.has(2) ? spread(call, 2, x) : undefined;
  return { tensor: quantized(x.tensor, spread(call, 1, x), zero, limits), order: x.order };
};

const dequantize: Operator = (call) => {
  const x = asFloats(call.value(0));
  const centred = call.has(2) ? tf.sub(x.tensor, spread(call, 2, x)) : x.tensor;
  return { tensor: tf.mul(centred, spread(call, 1, x)), order: x.order };
};

/** Of 8 bits, by the range of the values, in which 0 is exact. */
const quantizeByRange: Operator = (call) => {
  const { tensor: x, order } = call.value(0);
  const least = tf.minimum(tf.min(x), 0);
  const range = tf.sub(tf.maximum(tf.max(x), 0), least);
  // 1 where all values are 0.
  const scale = tf.add(tf.div(range, 255), tf.sub(1, tf.step(range)));
  const zero = rounded(tf.minimum(tf.maximum(tf.div(tf.neg(least), scale), 0), 255));
  return [{ tensor: quantized(x, scale, zero, [0, 255]), order }, plainValue(scale), plainValue(zero)];
};

/**
 * A product or a convolution of whole numbers less their zero points, inputs 2 and 3. Stored ones become floats once. `axis`
 * is that of the weights' zero points, if there are several, counted from the end where it is below 0.
 */
const ofWholeNumbers =
  (operator: Operator, axis: number): Operator =>
  (call) => {
    const value = (index: number): LayoutValue => {
      const { tensor, order } = asFloats(call.value(index));
      if (!call.has(index + 2)) return { tensor, order };
      const zero = tf.cast(call.value(index + 2).tensor, 'float32');
      if (zero.size !== 1) throw unsupported(call, 'it has several zero points of values that are not stored');
      return { tensor: tf.sub(tensor, zero.reshape([])), order };
    };
    const first = value(0);
    const weights = call.stored(1);
    const zeros = call.has(3) ? call.stored(3) : undefined;
    const isStored = weights !== undefined && (zeros !== undefined || !call.has(3));
    const shifted = isStored ? withoutZeros(weights, zeros, axis) : undefined;
    return operator({
      ...call,
      has: (index) => index < 2 && call.has(index),
      value: (index) => (index === 0 ? first : value(index)),
      stored: (index) => (index === 1 ? shifted : undefined),
    });
  };

/** Stored numbers less their zero points; computed when they are read. */
function withoutZeros({ shape, data }: Stored, zeros: Stored | undefined, axis: number): Stored {
  return {
    dtype: 'float32',
    shape,
    get data() {
      if (zeros === undefined) return Float32Array.from(data);
      const inner = sizeOf(shape.slice(axis < 0 ? shape.length + axis + 1 : axis + 1));
      const count = zeros.data.length;
      return Float32Array.from(data, (one, i) => one - (zeros.data[Math.floor(i / inner) % count] as number));
    },
  };
}

/** X · W, where W [K, N] is stored in 4 or 8 bits a number, in blocks along K with a scale each. */
const fewBitProduct: Operator = (call) => {
  const [bits, block] = [int(call, 'bits', 4), int(call, 'block_size', 0)];
  const [packed, scales, zeros] = [1, 2, 3].map((index) => (call.has(index) ? call.stored(index) : undefined));
  if (packed === undefined || scales === undefined || (call.has(3) && zeros === undefined)) {
    throw unsupported(call, 'its weights depend on the data');
  }
  if ((bits !== 4 && bits !== 8) || block < 1 || call.has(4))
    throw unsupported(call, 'its weights are of another form');
  if (zeros !== undefined && zeros.dtype !== 'uint8') throw unsupported(call, 'its zero points are no bytes');
  const [rows, columns] = [int(call, 'K', 0), int(call, 'N', 0)];
  if (call.shape(0).at(-1) !== rows) throw unsupported(call, `its rows have another length than ${rows}`);
  const blocks = Math.ceil(rows / block);
  if (packed.data.length * (8 / bits) < columns * blocks * block || scales.data.length < columns * blocks) {
    throw unsupported(call, 'its weights are fewer than it says');
  }
  const weights: Stored = {
    dtype: 'float32',
    shape: [rows, columns],
    get data() {
      const perByte = 8 / bits;
      const numberAt = (from: ArrayLike<number>, at: number) =>
        ((from[Math.floor(at / perByte)] as number) >> (bits * (at % perByte))) & (2 ** bits - 1);
      const zeroBlocks = Math.ceil(blocks / perByte) * perByte;
      return Float32Array.from({ length: rows * columns }, (_, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        const [group, inside] = [column * blocks + Math.floor(row / block), row % block];
        const zero = zeros && numberAt(zeros.data, column * zeroBlocks + Math.floor(row / block));
        const scale = scales.data[group] as number;
        return (numberAt(packed.data, group * block + inside) - (zero ?? 2 ** (bits - 1))) * scale;
      });
    },
  };
  const bias = call.has(5) ? call.stored(5) : undefined;
  if (call.has(5) && bias === undefined) throw unsupported(call, 'its bias depends on the data');
  const stored = [undefined, weights, bias];
  return matMul({
    ...call,
    has: (index) => index === 0 || stored[index] !== undefined,
    stored: (index) => stored[index],
  });
};

export const QUANTIZATION: Operators = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  'com.microsoft.QuantizeLinear': quantize,
  'com.microsoft.DequantizeLinear': dequantize,
  DynamicQuantizeLinear: quantizeByRange,
  MatMulInteger: ofWholeNumbers(matMul, -1),
  ConvInteger: ofWholeNumbers(convolution, 0),
  'com.microsoft.MatMulNBits': fewBitProduct,
};
