import { dataTypeOf } from '../../onnx/dataTypes.ts';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxTensor } from '../../onnx/model.ts';
import { graphsOf } from '../../onnx/references.ts';
import { numbers } from '../../onnx/simplify/convert.ts';
import { dataOf, floatTensor } from '../../onnx/tensorData.ts';

const FLOAT = dataTypeOf('float32');
const HALVES = new Set(['float16', 'bfloat16'].map(dataTypeOf));

/**
 * The same model with float32 where it has halves: weights, inputs, outputs and what is cast to them. Numbers between nodes
 * keep more digits than halves do, and do not overflow where halves would. The model is changed in place; weights that stand
 * in other files must have been read.
 * Throws    invalid-onnx: weights that cannot be read
 */
export function withoutHalves(model: OnnxModel): void {
  inGraph(model.graph);
  for (const { node } of model.functions) inNodes(node);
}

function inGraph(graph: OnnxGraph): void {
  graph.initializer = graph.initializer.map(asFloats);
  for (const { type } of [...graph.input, ...graph.output, ...graph.valueInfo]) {
    if (HALVES.has(type?.tensorType?.elemType ?? 0)) Object.assign(type?.tensorType ?? {}, { elemType: FLOAT });
  }
  inNodes(graph.node);
}

function inNodes(nodes: OnnxGraph['node']): void {
  for (const node of nodes) {
    for (const attribute of node.attribute) inAttribute(attribute);
    for (const graph of graphsOf(node)) inGraph(graph);
  }
}

/** Attributes that name an element type by its number. */
const TYPES = new Set(['to', 'dtype', 'output_dtype', 'output_datatype', 'stash_type']);

function inAttribute(attribute: OnnxAttribute): void {
  if (TYPES.has(attribute.name) && HALVES.has(Number(attribute.i))) attribute.i = BigInt(FLOAT);
  if (attribute.t !== undefined) attribute.t = asFloats(attribute.t);
}

function asFloats(tensor: OnnxTensor): OnnxTensor {
  if (!HALVES.has(tensor.dataType)) return tensor;
  const { dtype, shape, data } = dataOf(tensor);
  return floatTensor(tensor.name, shape, Float32Array.from(numbers(dtype, data)));
}
