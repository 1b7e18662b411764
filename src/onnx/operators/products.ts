import type { Tensor } from '../../runtime/tf.ts';
import type { OnnxLength } from '../description.ts';
import { each } from '../elementwise.ts';
import { numberOf, type Operator, type Operators, wordOf } from '../operator.ts';
import { type Call, dtypeAt, input, int, shapeAt, text } from '../shapes/call.ts';
import { broadcast, countOf, type Inferred, type Shape, tensor } from '../shapes/tensor.ts';
import { float } from '../write/graphBuilder.ts';
import { numberAt, plainNode } from '../write/operatorCall.ts';

/** The shape of a matrix product, with vectors and batches as in NumPy. */
function productShape(a: Shape | null, b: Shape | null): Shape | null {
  if (a === null || b === null || a.length === 0 || b.length === 0) return null;
  const batch = broadcast(a.slice(0, -2), b.slice(0, -2));
  const rows = a.length === 1 ? [] : [a.at(-2) ?? null];
  const columns = b.length === 1 ? [] : [b.at(-1) ?? null];
  return batch && [...batch, ...rows, ...columns];
}

/** A · B; each output is a sum over the last axis of A. */
export function product(aAt: number, bAt: number, dtype: (call: Call) => string | null): Operator {
  return {
    outputs: (call) => [tensor(dtype(call), productShape(shapeAt(call, aAt), shapeAt(call, bAt)))],
    multiplyAdds: (call, [y]) => countOf(...(y?.shape ?? [null]), sumLength(shapeAt(call, aAt), shapeAt(call, bAt))),
  };
}

/** The length that a product sums over, from whichever side says it. */
function sumLength(a: Shape | null, b: Shape | null): OnnxLength | undefined {
  const own = a?.at(-1);
  return typeof own === 'number' ? own : b?.at(b.length === 1 ? -1 : -2);
}

function flipped(shape: Shape | null, isFlipped: boolean): Shape | null {
  return isFlipped && shape !== null ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape;
}

/** A product whose factors may be given transposed. */
export function transposableProduct(aName: string, bName: string): Operator {
  const factors = (call: Call): [Shape | null, Shape | null] => [
    flipped(shapeAt(call, 0), int(call, aName, 0) !== 0),
    flipped(shapeAt(call, 1), int(call, bName, 0) !== 0),
  ];
  return {
    outputs: (call) => [tensor(dtypeAt(call, 0), productShape(...factors(call)))],
    multiplyAdds: (call, [y]) => countOf(...(y?.shape ?? [null]), sumLength(...factors(call))),
  };
}

/** Terms and result of an Einstein sum without an ellipsis. */
function einsumOf(call: Call): { lengths: Map<string, OnnxLength>; result: string } | undefined {
  const [left = '', right] = text(call, 'equation', '').replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (left.includes('.') || terms.length !== call.inputs.length) return undefined;
  const lengths = new Map<string, OnnxLength>();
  const uses = new Map<string, number>();
  for (const [i, term] of terms.entries()) {
    const shape = shapeAt(call, i);
    if (shape === null || shape.length !== term.length) return undefined;
    for (const [axis, letter] of [...term].entries()) {
      const [known, here = null] = [lengths.get(letter), shape[axis]];
      lengths.set(letter, known === undefined || known === null || known === 1 ? here : known);
      uses.set(letter, (uses.get(letter) ?? 0) + 1);
    }
  }
  const implied = [...uses].filter(([, count]) => count === 1).map(([letter]) => letter);
  return { lengths, result: right ?? implied.sort().join('') };
}

const einsum: Operator = {
  outputs: (call) => {
    const sum = einsumOf(call);
    return [tensor(dtypeAt(call, 0), sum ? [...sum.result].map((letter) => sum.lengths.get(letter) ?? null) : null)];
  },
  // Two factors are multiplied once for each combination of all letters; how more are ordered is up to who runs it.
  multiplyAdds: (call) => {
    if (call.inputs.length === 1) return 0;
    const sum = call.inputs.length === 2 ? einsumOf(call) : undefined;
    return sum && countOf(...sum.lengths.values());
  },
  operands: 'plain',
  refuse: (call) => (call.inputs.length > 2 ? 'it has more than two operands' : undefined),
  attributes: { equation: '' },
  compute: (tf, inputs, attributes) => tf.einsum(wordOf(attributes, 'equation', ''), ...inputs),
};

/** Scaled dot-product attention on [B, T, heads · size] or [B, heads, T, size]. Source: ONNX, operator Attention. */
const attention: Operator = {
  outputs: (call) => {
    const [q, k, v] = [input(call, 0), input(call, 1), input(call, 2)];
    if (q.shape === null || v.shape === null) return [tensor(q.dtype, null)];
    const isFlat = q.shape.length === 3;
    const [queries, keys] = [headsOf(call, q, 'q_num_heads'), headsOf(call, k, 'kv_num_heads')];
    const values = headsOf(call, v, 'kv_num_heads');
    const width = isFlat ? countOf(queries?.[1], values?.[3]) : values?.[3];
    const past = call.inputs[4] === undefined ? 0 : (shapeAt(call, 4)?.[2] ?? null);
    const grown = (heads: Shape | undefined) => {
      const length = countOf(heads?.[2] ?? null);
      return (
        heads && [
          ...heads.slice(0, 2),
          past === null || length === undefined ? null : Number(past) + length,
          heads[3] ?? null,
        ]
      );
    };
    return [
      tensor(q.dtype, [...q.shape.slice(0, -1), width ?? null]),
      tensor(q.dtype, grown(keys) ?? null),
      tensor(q.dtype, grown(values) ?? null),
    ];
  },
  multiplyAdds: (call, [, keys, values]) => {
    const q = headsOf(call, input(call, 0), 'q_num_heads');
    const scores = countOf(...(q ?? [null]), keys?.shape?.[2]);
    const sums = countOf(q?.[0], q?.[1], q?.[2], values?.shape?.[2], values?.shape?.[3]);
    return scores === undefined || sums === undefined ? undefined : scores + sums;
  },
};

/** The shape as [B, heads, T, size]. */
function headsOf(call: Call, { shape }: Inferred, attribute: string): Shape | undefined {
  if (shape === null || shape.length === 4) return shape ?? undefined;
  const [b = null, t = null, width] = shape;
  const heads = int(call, attribute, 0);
  if (shape.length !== 3 || heads < 1) return undefined;
  return [b, heads, t, typeof width === 'number' ? width / heads : null];
}

const asInput = (call: Call) => dtypeAt(call, 0);

const gemm: Operator = {
  ...transposableProduct('transA', 'transB'),
  operands: 'plain',
  attributes: { alpha: 1, beta: 1, transA: 0, transB: 0 },
  write: plainNode((call) => ({
    alpha: float(numberAt(call, 'alpha', 1)),
    beta: float(numberAt(call, 'beta', 1)),
    transA: numberAt(call, 'transA', 0),
    transB: numberAt(call, 'transB', 0),
  })),
  compute: (tf, [a, b, c], attributes) => {
    const [alpha, beta] = ['alpha', 'beta'].map((name) => numberOf(attributes, name, 1)) as [number, number];
    const [transposeA, transposeB] = ['transA', 'transB'].map((name) => numberOf(attributes, name, 0) === 1) as [
      boolean,
      boolean,
    ];
    const [left, right] = [a as Tensor, b as Tensor];
    const columns = right.shape.at(transposeB ? -2 : -1) as number;
    if (alpha === 1 && beta === 1 && c?.size === columns && c.shape.at(-1) === columns) {
      const bias = tf.reshape(c, [columns]);
      return tf.fused.matMul({ a: left, b: right, transposeA, transposeB, bias, activation: 'linear' });
    }
    const product = tf.matMul(left, right, transposeA, transposeB);
    const scaled = alpha === 1 ? product : tf.mul(product, alpha);
    return c === undefined ? scaled : tf.add(scaled, beta === 1 ? c : tf.mul(c, beta));
  },
};

/** Operators whose outputs are sums of products. */
export const products: Operators = {
  MatMul: {
    ...product(0, 1, asInput),
    write: plainNode(),
    compute: (tf, [a, b]) => tf.matMul(a as Tensor, b as Tensor),
  },
  MatMulInteger: product(0, 1, () => 'int32'),
  QLinearMatMul: product(0, 3, (call) => dtypeAt(call, 7)),
  Gemm: gemm,
  Einsum: einsum,
  Attention: attention,
  RotaryEmbedding: each({}),
};
