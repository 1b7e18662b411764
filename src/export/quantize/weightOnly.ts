import { copyOf, type OnnxNode, onnx } from '../../onnx/model.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { floatData, intAttribute, isOperator } from '../../onnx/simplify/nodes.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';
import { toInt8Weights } from './int8Weights.ts';
import { weightOf } from './weights.ts';

/** Bytes of the nodes and scales of one weight in the file. */
export const NODE_BYTES = 160;

/** Operators whose weights are stored as int8 and computed as float32: which operands, and the axis of their channels. */
const OPERANDS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  Conv: { 1: 0 },
  ConvTranspose: { 1: 1 },
  MatMul: { 0: -2, 1: -1 },
  Gemm: { 1: 0 },
  Gather: { 0: 0 },
  LSTM: { 1: 1, 2: 1 },
  GRU: { 1: 1, 2: 1 },
  RNN: { 1: 1, 2: 1 },
};

/** Stores weights as int8 and converts them to float32 where they are read. */
export interface WeightStore {
  /** Whether the weights of a node's operator can be stored this way. */
  canStore(node: OnnxNode): boolean;
  /** What stores the weights of a node smaller, and last the node that reads them so; or why none would gain. */
  replace(node: OnnxNode): OnnxNode[] | string;
}

/**
 * A weight becomes int8 · scale, through Cast and Mul, which onnxruntime computes once when it opens the model, so that the
 * model runs as fast as before. It would compute a DequantizeLinear in every run.
 */
export function openWeightStore(draft: Draft, perChannel: boolean): WeightStore {
  const made = new Map<string, string>();

  const shrink = (weight: Weight, axis: number): { nodes: OnnxNode[]; name: string } => {
    const key = `${weight.name} ${axis}`;
    const known = made.get(key);
    if (known !== undefined) return { nodes: [], name: known };
    const { data, scales } = toInt8Weights(weight.data, weight.shape, perChannel ? axis : undefined);
    const scaleShape = perChannel ? weight.shape.map((length, i) => (i === axis ? length : 1)) : [];
    const stored = draft.addConstant(`${weight.name}_q`, { dtype: 'int8', shape: weight.shape, data });
    const scale = draft.addConstant(`${weight.name}_s`, floatData(scaleShape, scales));
    const cast = draft.fresh(`${weight.name}_c`);
    const name = draft.fresh(`${weight.name}_f`);
    made.set(key, name);
    const nodes = [
      onnx.node({ opType: 'Cast', input: [stored], output: [cast], attribute: [intAttribute('to', 1)] }),
      onnx.node({ opType: 'Mul', input: [cast, scale], output: [name] }),
    ];
    return { nodes, name };
  };

  return {
    canStore: (node) => isOperator(node, ...Object.keys(OPERANDS)),
    replace(node) {
      const operands = operandsOf(draft, node);
      const smaller = operands.filter((one) => shrinks(one, perChannel));
      const last = operands.at(-1);
      if (last === undefined) return 'its weights are computed, or are not float32';
      if (smaller.length === 0) return `its ${last.weight.data.length} weights would not become smaller`;
      const input = [...node.input];
      const before = smaller.flatMap(({ index, weight, axis }) => {
        const { nodes, name } = shrink(weight, axis);
        input[index] = name;
        return nodes;
      });
      return [...before, Object.assign(copyOf(node), { input })];
    },
  };
}

/** Whether 'dynamic-int8' would store this node's weights smaller. */
export function hasSmallerForm(draft: Draft, node: OnnxNode): boolean {
  const isKnown = isOperator(node, ...Object.keys(OPERANDS));
  return isKnown && operandsOf(draft, node).some((one) => shrinks(one, true));
}

interface Operand {
  readonly index: number;
  readonly weight: Weight;
  /** Of its channels. */
  readonly axis: number;
}

function operandsOf(draft: Draft, node: OnnxNode): Operand[] {
  return Object.entries(OPERANDS[node.opType] ?? {}).flatMap(([at, from]) => {
    const index = Number(at);
    const weight = weightOf(draft, node.input[index] ?? '');
    if (weight === undefined || weight.shape.length < 2) return [];
    return [{ index, weight, axis: from < 0 ? weight.shape.length + from : from }];
  });
}

function shrinks({ weight, axis }: Operand, perChannel: boolean): boolean {
  return isSmaller(weight.data.length, perChannel ? (weight.shape[axis] ?? 1) : 1);
}

/** Whether bytes with a scale per channel are smaller than float32. */
export function isSmaller(elements: number, channels: number): boolean {
  return 3 * elements > 4 * channels + NODE_BYTES;
}
