import { LimbeckError } from '../../core/errors.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { labelOf } from './report.ts';

/** Operators that only a quantized model has. */
const QUANTIZED =
  /^(Q(uantize)?Linear|DequantizeLinear|DynamicQuantize|MatMulInteger|ConvInteger|MatMulNBits|MatMulBnb4|QGemm|QAttention|GatherBlockQuantized)/;

/** Throws    invalid-onnx: no node, or weights in other files · unsupported-operator: it is quantized already */
export function requireFloat(model: OnnxModel, name: string): void {
  if (model.graph.node.length === 0) {
    throw new LimbeckError('invalid-onnx', `"${name}" has no node, so there is nothing to quantize.`);
  }
  requireWhole(model, name);
  const quantized = quantizedNode(model);
  if (quantized === undefined) return;
  throw new LimbeckError(
    'unsupported-operator',
    `"${name}" is quantized already: its node "${labelOf(quantized)}" is a ${quantized.opType}. Quantize the float32 ` +
      'model that it was made from.',
    { details: { node: labelOf(quantized), operator: quantized.opType } },
  );
}

/** A node that only a quantized model has. */
export function quantizedNode({ graph }: OnnxModel) {
  return graph.node.find(({ opType }) => QUANTIZED.test(opType));
}

function requireWhole({ graph }: OnnxModel, name: string): void {
  const outside = graph.initializer.find(({ dataLocation }) => dataLocation === 1);
  if (outside === undefined) return;
  const file = outside.externalData.find(({ key }) => key === 'location')?.value ?? 'another file';
  throw new LimbeckError(
    'invalid-onnx',
    `The weight "${outside.name}" of "${name}" stands in ${file}; quantize takes models that hold their weights. Save ` +
      'the model as one file first (in Python: onnx.save(model, path, save_as_external_data=False)).',
    { details: { tensor: outside.name, file } },
  );
}
