import { each, joinedOutputs } from '../elementwise.ts';
import type { Operator, Operators } from '../operator.ts';
import { type Call, dtypeAt, input, int, shapeAt } from '../shapes/call.ts';
import { countOf, type Shape, tensor } from '../shapes/tensor.ts';
import { activation } from './activation.ts';
import { joinedAlong } from './concatenation.ts';
import { convolving, zeroPointDtype } from './convolution.ts';
import { rowNormalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import { product, transposableProduct } from './products.ts';
import { quantization } from './quantization.ts';
import { recurring } from './recurrent.ts';
import { reduction } from './reduction.ts';

const asInput = (call: Call) => dtypeAt(call, 0);

/** The same shapes as an operator of ONNX has, on the quantised inputs at these places. */
function quantized(operator: Operator | undefined, ...places: readonly number[]): Operator {
  const plain = (call: Call): Call => ({ ...call, inputs: places.map((place) => call.inputs[place]) });
  return { outputs: (call) => (operator?.outputs(plain(call)) ?? []).slice(0, 1) };
}

const quantizedBroadcast: Operator = {
  outputs: (call) => {
    const inputs = [call.inputs[0], call.inputs[3]];
    return joinedOutputs({ ...call, inputs, node: { ...call.node, input: call.node.input.slice(0, 2) } });
  },
};

/** X · W with W stored in a few bits for each number, [N, …]. */
const fewBitProduct: Operator = {
  outputs: (call) => {
    const shape = shapeAt(call, 0);
    return [tensor(dtypeAt(call, 0), shape && [...shape.slice(0, -1), int(call, 'N', 0)])];
  },
  multiplyAdds: (call, [y]) => countOf(...(y?.shape ?? [null]), int(call, 'K', 0)),
};

/** Projections and attention in one: X [B, T, F] · W [F, 3 · width]. */
const fusedAttention: Operator = {
  outputs: (call) => {
    const [x, width] = [shapeAt(call, 0), attentionWidth(call)];
    return [tensor(dtypeAt(call, 0), x && [...x.slice(0, 2), width ?? null])];
  },
  multiplyAdds: (call) => {
    const [b, t, features] = shapeAt(call, 0) ?? [];
    const [width, isAlone] = [attentionWidth(call), call.inputs[4] === undefined];
    const [projections, attended] = [countOf(b, t, features, 3, width), countOf(b, t, t, 2, width)];
    const isCountable = isAlone && projections !== undefined && attended !== undefined;
    return isCountable ? projections + attended : undefined;
  },
};

function attentionWidth(call: Call): number | undefined {
  const columns = shapeAt(call, 1)?.[1];
  return typeof columns === 'number' ? columns / 3 : undefined;
}

/** Attention of queries [B, T, width] over keys and values [B, S, width], already projected. */
const headedAttention: Operator = {
  outputs: (call) => {
    const [q, v] = [input(call, 0), shapeAt(call, 2)];
    const isPlain = q.shape?.length === 3 && v?.length === 3;
    return [tensor(q.dtype, isPlain ? [...(q.shape?.slice(0, 2) ?? []), v.at(-1) ?? null] : null)];
  },
  multiplyAdds: (call, [y]) => {
    const [q, k] = [shapeAt(call, 0), shapeAt(call, 1)];
    const isPlain = q?.length === 3 && k?.length === 3 && call.inputs[6] === undefined;
    if (!isPlain) return undefined;
    const scores = countOf(...q, k[1]);
    const sums = countOf(q[0], q[1], k[1], y?.shape?.at(-1));
    return scores === undefined || sums === undefined ? undefined : scores + sums;
  },
};

const embedding: Operator = {
  outputs: (call) => {
    const [ids, table] = [shapeAt(call, 0), shapeAt(call, 2)];
    const shape: Shape | null = ids && [...ids, table?.at(-1) ?? null];
    return [tensor(dtypeAt(call, 2), shape), tensor('int32', [ids?.[0] ?? null]), tensor(dtypeAt(call, 2), shape)];
  },
};

/** Operators of onnxruntime's own domain, com.microsoft, that its optimiser and quantiser leave in files. */
export const microsoft: Operators = {
  FusedConv: convolving(1, asInput),
  QLinearConv: convolving(3, zeroPointDtype),
  FusedMatMul: transposableProduct('transA', 'transB'),
  FusedGemm: transposableProduct('transA', 'transB'),
  MatMulIntegerToFloat: product(0, 1, (call) => dtypeAt(call, 2)),
  DynamicQuantizeMatMul: product(0, 1, asInput),
  MatMulNBits: fewBitProduct,
  DynamicQuantizeLSTM: recurring(4),
  Attention: fusedAttention,
  MultiHeadAttention: headedAttention,
  EmbedLayerNormalization: embedding,
  SkipLayerNormalization: rowNormalization(undefined, 3),
  SkipSimplifiedLayerNormalization: rowNormalization(undefined, 3),
  BiasGelu: each({}),
  FastGelu: each({}),
  Gelu: activation.Gelu ?? each({}),
  QuickGelu: each({}),
  RotaryEmbedding: each({}),
  QLinearSigmoid: each({}),
  QLinearLeakyRelu: each({}),
  QLinearSoftmax: each({}),
  QLinearAdd: quantizedBroadcast,
  QLinearMul: quantizedBroadcast,
  QLinearGlobalAveragePool: quantized(pooling.GlobalAveragePool, 0),
  QLinearAveragePool: quantized(pooling.AveragePool, 0),
  QLinearReduceMean: quantized(reduction.ReduceMean, 0),
  QLinearConcat: joinedAlong(2, 3),
  QuantizeLinear: quantization.QuantizeLinear ?? each({}),
  DequantizeLinear: quantization.DequantizeLinear ?? each({}),
};
