import { type OnnxNode, onnx } from '../../onnx/model.ts';
import { float, int } from '../../onnx/shapes/call.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { floatData, intsAttribute, isOperator } from '../../onnx/simplify/nodes.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';
import { weightOf } from './weights.ts';

/** A matrix product with a stored matrix, from a MatMul or a Gemm: output = activation · matrix + bias. */
export interface Product {
  readonly node: OnnxNode;
  readonly weight: Weight;
  /** Distinguishes transposed or scaled matrices of one weight. */
  readonly key: string;
  /** [K, N], with the Gemm's alpha in it. */
  readonly matrix: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly turnsActivation: boolean;
}

/** The product of a node, or why it cannot be stored smaller. */
export function productOf(draft: Draft, node: OnnxNode): Product | string {
  const weight = weightOf(draft, node.input[1] ?? '');
  if (weight === undefined) return 'its second operand is computed, or is not float32';
  if (weight.shape.length !== 2) return `its weight has ${weight.shape.length} dimensions`;
  const isGemm = isOperator(node, 'Gemm');
  const turnsWeight = isGemm && int({ node }, 'transB', 0) === 1;
  const alpha = isGemm ? (float({ node }, 'alpha') ?? 1) : 1;
  const [first = 0, second = 0] = weight.shape;
  const [rows, columns] = turnsWeight ? [second, first] : [first, second];
  if (rows === 0 || columns === 0) return 'its weight is empty';
  return {
    node,
    weight,
    key: `${weight.name} ${turnsWeight} ${alpha}`,
    matrix: scaled(turnsWeight ? turned(weight.data, first, second) : weight.data, alpha),
    rows,
    columns,
    turnsActivation: isGemm && int({ node }, 'transA', 0) === 1,
  };
}

/** Nodes that make the activation as [..., K], and its name. */
export function activationOf(draft: Draft, { node, turnsActivation }: Product): { nodes: OnnxNode[]; name: string } {
  const given = node.input[0] as string;
  if (!turnsActivation) return { nodes: [], name: given };
  const name = draft.fresh(`${given}_t`);
  const perm = intsAttribute('perm', [1, 0]);
  return { nodes: [onnx.node({ opType: 'Transpose', input: [given], output: [name], attribute: [perm] })], name };
}

/** Nodes that add a Gemm's third operand to `raw`; without one, `raw` is the output. */
export function biasNodes(draft: Draft, node: OnnxNode, raw: string): OnnxNode[] {
  const bias = biasName(node);
  if (bias === undefined) return [];
  const beta = float({ node }, 'beta') ?? 1;
  const add = (name: string) => onnx.node({ opType: 'Add', input: [raw, name], output: [node.output[0] as string] });
  if (beta === 1) return [add(bias)];
  const stored = weightOf(draft, bias);
  if (stored !== undefined) {
    const data = stored.data.map((value) => value * beta);
    return [add(draft.addConstant(`${bias}_beta`, floatData(stored.shape, data)))];
  }
  const name = draft.fresh(`${bias}_beta`);
  const factor = draft.addConstant('beta', floatData([], Float32Array.of(beta)));
  return [onnx.node({ opType: 'Mul', input: [bias, factor], output: [name] }), add(name)];
}

export function biasName(node: OnnxNode): string | undefined {
  return isOperator(node, 'Gemm') && node.input[2] ? node.input[2] : undefined;
}

export function scaled(values: Float32Array, factor: number): Float32Array {
  return factor === 1 ? values : values.map((value) => value * factor);
}

function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c] as number;
  return out;
}
