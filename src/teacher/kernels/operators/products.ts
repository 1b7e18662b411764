import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../../runtime/tf.ts';
import { type Operator, type Operators, runKernel } from '../call.ts';
import { compute } from '../fromRecord.ts';
import { inPlain, plainValue } from '../layoutValue.ts';
import type { Stored } from '../steps.ts';
import { biasFrom, endOf, flushed } from './convolutions.ts';

function matrixFrom({ data, shape }: Stored): tf.Tensor {
  const [rows = 1, columns = 1] = shape;
  return tf.tensor(Float32Array.from(data, flushed), [1, rows, columns], 'float32');
}

export const matMul: Operator = (call) => {
  const stored = call.stored(1);
  const a = inPlain(call.value(0));
  if (stored !== undefined && stored.shape.length === 2 && a.rank >= 2 && a.dtype === 'float32') {
    const [depth = 1, columns = 1] = stored.shape;
    const b = call.kept('matrix', () => matrixFrom(stored));
    const bias = biasFrom(call, columns);
    const inputs: tf.NamedTensorMap = { a: a.reshape([1, a.size / depth, depth]), b };
    if (bias !== undefined) inputs['bias'] = bias;
    const product = runKernel(tf._FusedMatMul, inputs, { transposeA: false, transposeB: false, ...endOf(call) });
    return plainValue(product.reshape([...a.shape.slice(0, -1), columns]));
  }
  return plainValue(product(a, inPlain(call.value(1))));
};

/** Like NumPy's matmul: a vector is a row on the left and a column on the right; outer axes broadcast. */
function product(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const left = a.rank === 1 ? a.reshape([1, a.size]) : a;
  const right = b.rank === 1 ? b.reshape([b.size, 1]) : b;
  const [outerA, outerB] = [left.shape.slice(0, -2), right.shape.slice(0, -2)];
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(outerA, outerB);
  const count = sizeOf(outer);
  const matrices = (x: tf.Tensor, own: readonly number[]) => {
    const rows = x.shape.slice(-2) as [number, number];
    const size = sizeOf(own);
    if (size === count || size === 1) return x.reshape([size, ...rows]);
    const wide = tf.broadcastTo(x.reshape([...outer.slice(own.length).map(() => 1), ...x.shape]), [...outer, ...rows]);
    return wide.reshape([count, ...rows]);
  };
  const result = compute('MatMul', [matrices(left, outerA), matrices(right, outerB)]);
  const rows = a.rank === 1 ? [] : [left.shape.at(-2) as number];
  const columns = b.rank === 1 ? [] : [right.shape.at(-1) as number];
  return result.reshape([...outer, ...rows, ...columns]);
}

export const PRODUCTS: Operators = { MatMul: matMul };
