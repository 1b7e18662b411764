import type { OnnxNode } from '../../onnx/model.ts';
import { float, int } from '../../onnx/shapes/call.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { isOperator } from '../../onnx/simplify/nodes.ts';
import { biasName, productOf, scaled } from './product.ts';
import { weightOf } from './weights.ts';

/** The parts of a layer that become integers. */
export interface LayerParts {
  readonly weight: string;
  /** As the node reads them, with a Gemm's alpha in them. */
  readonly values: Float32Array;
  readonly shape: readonly number[];
  /** The axis of the output channels. */
  readonly axis: number;
  /** One number per channel, with a Gemm's beta in it. */
  readonly bias: Float32Array | undefined;
}

/** Layers that onnxruntime computes with 8-bit weights and activations. */
export function isQuantizedLayer(node: OnnxNode): boolean {
  return isOperator(node, 'Conv', 'Gemm', 'MatMul');
}

/** The parts of a layer, or why it stays in float. */
export function layerPartsOf(draft: Draft, node: OnnxNode): LayerParts | string {
  return isOperator(node, 'Conv') ? convolutionParts(draft, node) : productParts(draft, node);
}

function convolutionParts(draft: Draft, node: OnnxNode): LayerParts | string {
  const weight = weightOf(draft, node.input[1] ?? '');
  if (weight === undefined) return 'its weights are computed, or are not float32';
  const bias = node.input[2] ? weightOf(draft, node.input[2]) : undefined;
  if (node.input[2] && bias === undefined) return 'its bias is computed';
  return { weight: weight.name, values: weight.data, shape: weight.shape, axis: 0, bias: bias?.data };
}

function productParts(draft: Draft, node: OnnxNode): LayerParts | string {
  const product = productOf(draft, node);
  if (typeof product === 'string') return product;
  if (product.turnsActivation) return 'its activation is transposed';
  const isTurned = isOperator(node, 'Gemm') && int({ node }, 'transB', 0) === 1;
  const { weight, columns } = product;
  const alpha = isOperator(node, 'Gemm') ? (float({ node }, 'alpha') ?? 1) : 1;
  const name = biasName(node);
  const bias = name === undefined ? undefined : weightOf(draft, name);
  if (name !== undefined && bias?.data.length !== columns)
    return 'its bias is computed, or is not one number a channel';
  const isRow = bias === undefined || bias.shape.at(-1) === columns;
  if (!isRow) return 'its bias is not one number a channel';
  return {
    weight: weight.name,
    values: scaled(weight.data, alpha),
    shape: weight.shape,
    axis: isTurned ? 0 : 1,
    bias: bias && scaled(bias.data, float({ node }, 'beta') ?? 1),
  };
}
