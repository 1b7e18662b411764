import * as tf from '../../../runtime/tf.ts';
import { float, int, type Operator, type Operators, runKernel, text, unsupported } from '../call.ts';
import { inPlain, plainValue } from '../layoutValue.ts';
import type { Stored } from '../steps.ts';
import { biasFrom, endOf, flushed } from './convolutions.ts';

/** A matrix of the model times the factors of its columns. */
function matrixFrom({ data, shape }: Stored, scale: Float64Array | undefined): tf.Tensor {
  const [rows = 1, columns = 1] = shape;
  const values = Float32Array.from(data, (value, i) => flushed(value * (scale?.[i % columns] ?? 1)));
  return tf.tensor(values, [1, rows, columns], 'float32');
}

const matMul: Operator = (call) => {
  const stored = call.stored(1);
  const a = inPlain(call.value(0));
  if (stored !== undefined && stored.shape.length === 2 && a.rank >= 2 && a.dtype === 'float32') {
    const [depth = 1, columns = 1] = stored.shape;
    const b = call.kept('matrix', () => matrixFrom(stored, call.step.epilogue?.scale));
    const bias = call.step.epilogue === undefined ? undefined : biasFrom(call, columns);
    const inputs: tf.NamedTensorMap = { a: a.reshape([1, a.size / depth, depth]), b };
    if (bias !== undefined) inputs['bias'] = bias;
    const product = runKernel(tf._FusedMatMul, inputs, { transposeA: false, transposeB: false, ...endOf(call) });
    return plainValue(product.reshape([...a.shape.slice(0, -1), columns]));
  }
  return plainValue(product(a, inPlain(call.value(1)), false));
};

/** As NumPy multiplies: a vector is a row on the left and a column on the right, outer axes broadcast. */
function product(a: tf.Tensor, b: tf.Tensor, transposeB: boolean): tf.Tensor {
  const left = a.rank === 1 ? a.reshape([1, a.size]) : a;
  const right = b.rank === 1 ? b.reshape([b.size, 1]) : b;
  const [outerA, outerB] = [left.shape.slice(0, -2), right.shape.slice(0, -2)];
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(outerA, outerB);
  const count = outer.reduce((size, length) => size * length, 1);
  const matrices = (x: tf.Tensor, own: readonly number[]) => {
    const rows = x.shape.slice(-2) as [number, number];
    const size = own.reduce((product, length) => product * length, 1);
    if (size === count || size === 1) return x.reshape([size, ...rows]) as tf.Tensor3D;
    const wide = tf.broadcastTo(x.reshape([...outer.slice(own.length).map(() => 1), ...x.shape]), [...outer, ...rows]);
    return wide.reshape([count, ...rows]) as tf.Tensor3D;
  };
  const result = runKernel(
    tf.BatchMatMul,
    { a: matrices(left, outerA), b: matrices(right, outerB) },
    { transposeA: false, transposeB },
  );
  const rows = a.rank === 1 ? [] : [left.shape.at(-2) as number];
  const columns = b.rank === 1 ? [] : [right.shape.at(transposeB ? -2 : -1) as number];
  return result.reshape([...outer, ...rows, ...columns]);
}

const gemm: Operator = (call) => {
  const alpha = float(call, 'alpha', 1);
  const beta = float(call, 'beta', 1);
  const transposeA = int(call, 'transA', 0) === 1;
  const transposeB = int(call, 'transB', 0) === 1;
  const a = inPlain(call.value(0));
  const b = inPlain(call.value(1));
  const batched = (x: tf.Tensor) => x.reshape([1, ...x.shape]);
  const inputs: tf.NamedTensorMap = { a: batched(a), b: batched(b) };
  const columns = b.shape.at(transposeB ? -2 : -1) as number;
  const c = call.has(2) ? inPlain(call.value(2)) : undefined;
  const isRow = c !== undefined && c.size === columns && c.shape.at(-1) === columns && alpha === 1 && beta === 1;
  if (isRow) inputs['bias'] = c.reshape([columns]);
  let y = runKernel(tf._FusedMatMul, inputs, { transposeA, transposeB, activation: 'linear' });
  y = y.reshape(y.shape.slice(1));
  if (alpha !== 1) y = tf.mul(y, alpha);
  if (c !== undefined && !isRow) y = tf.add(y, beta === 1 ? c : tf.mul(c, beta));
  return plainValue(y);
};

const einsum: Operator = (call) => {
  if (call.step.inputs.length > 2) throw unsupported(call, 'it has more than two operands');
  const operands = call.step.inputs.map((_, i) => inPlain(call.value(i)));
  return plainValue(tf.einsum(text(call, 'equation', ''), ...operands));
};

export const PRODUCTS: Operators = { MatMul: matMul, Gemm: gemm, Einsum: einsum };
