import type { OnnxNode } from '../../onnx/model.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { isOperator } from '../../onnx/simplify/nodes.ts';
import { isExcluded } from './report.ts';

/** Which activations become 8-bit numbers. */
export interface ActivationPlan {
  /** Each of them, with the tensor whose range it uses: its own, or its source's if it is only moved. */
  readonly sources: ReadonlyMap<string, string>;
  /** The tensors whose ranges are needed. */
  readonly measured: readonly string[];
}

/** Operators that only move values: the output has the scale of the input. */
const MOVING = ['MaxPool', 'Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Identity', 'Slice'];
/** Operators that onnxruntime computes on 8-bit numbers if all inputs are 8-bit. */
const JOINING = ['Add', 'Mul', 'Concat', 'AveragePool', 'GlobalAveragePool'];

/**
 * Inputs of layers become 8-bit, and outputs of convolutions too, after a following Relu or Clip, so that onnxruntime fuses
 * the three. Operators that move or join such tensors keep them 8-bit. Products give float32, which costs nothing and keeps
 * logits and the operands of normalizations exact.
 */
export function planActivations(
  draft: Draft,
  isLayer: (node: OnnxNode) => boolean,
  exclude: readonly string[],
): ActivationPlan {
  const sources = new Map<string, string>();
  const mark = (tensor: string) => {
    if (!sources.has(tensor)) sources.set(tensor, tensor);
  };
  for (const node of draft.nodes()) {
    if (!isLayer(node)) continue;
    mark(node.input[0] as string);
    if (isOperator(node, 'Conv')) mark(tailOf(draft, node.output[0] as string));
  }
  for (const node of draft.nodes()) {
    const output = node.output[0] as string;
    if (isExcluded(node, exclude)) continue;
    if (isOperator(node, ...MOVING)) {
      const source = sources.get(node.input[0] as string);
      // A later layer's input has this scale too, or onnxruntime would not move integers.
      const isInner = node.output.length === 1 && !draft.isResult(output);
      if (source !== undefined && isInner) sources.set(output, source);
    } else if (isOperator(node, ...JOINING) && node.input.every((name) => sources.has(name))) {
      const tail = tailOf(draft, output);
      if (!draft.isResult(tail)) mark(tail);
    }
  }
  return { sources, measured: [...new Set(sources.values())] };
}

/** The output of the Relu or Clip that is a tensor's only reader. */
function tailOf(draft: Draft, tensor: string): string {
  const [reader, another] = draft.readers(tensor);
  const isAlone = reader !== undefined && another === undefined && !draft.isResult(tensor);
  return isAlone && isOperator(reader, 'Relu', 'Clip') ? (reader.output[0] as string) : tensor;
}
