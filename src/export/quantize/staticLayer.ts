import type { OnnxNode } from '../../onnx/model.ts';
import { biasName, productOf, scaled } from './product.ts';
import { floatAttribute, intAttribute, isOperator, type WorkGraph } from './workGraph.ts';

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
export function layerPartsOf(work: WorkGraph, node: OnnxNode): LayerParts | string {
  return isOperator(node, 'Conv') ? convolutionParts(work, node) : productParts(work, node);
}

function convolutionParts(work: WorkGraph, node: OnnxNode): LayerParts | string {
  const weight = work.weight(node.input[1] ?? '');
  if (weight === undefined) return 'its weights are computed, or are not float32';
  const bias = node.input[2] ? work.weight(node.input[2]) : undefined;
  if (node.input[2] && bias === undefined) return 'its bias is computed';
  return { weight: weight.name, values: weight.data, shape: weight.shape, axis: 0, bias: bias?.data };
}

function productParts(work: WorkGraph, node: OnnxNode): LayerParts | string {
  const product = productOf(work, node);
  if (typeof product === 'string') return product;
  if (product.turnsActivation) return 'its activation is transposed';
  const isTurned = isOperator(node, 'Gemm') && intAttribute(node, 'transB', 0) === 1;
  const { weight, columns } = product;
  const alpha = isOperator(node, 'Gemm') ? floatAttribute(node, 'alpha', 1) : 1;
  const name = biasName(node);
  const bias = name === undefined ? undefined : work.weight(name);
  if (name !== undefined && bias?.data.length !== columns)
    return 'its bias is computed, or is not one number a channel';
  const isRow = bias === undefined || bias.shape.at(-1) === columns;
  if (!isRow) return 'its bias is not one number a channel';
  return {
    weight: weight.name,
    values: scaled(weight.data, alpha),
    shape: weight.shape,
    axis: isTurned ? 0 : 1,
    bias: bias && scaled(bias.data, floatAttribute(node, 'beta', 1)),
  };
}
