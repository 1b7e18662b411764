import { LimbeckError } from '../../core/errors.ts';
import { nearNames } from '../../core/nearNames.ts';
import { valuesOf } from '../../onnx/describe/values.ts';
import type { OnnxModel, OnnxNode } from '../../onnx/model.ts';
import { domainOf } from '../../onnx/operators.ts';

/**
 * The value of a model that holds the logits of its classes: the output itself or, where that is the softmax of another
 * value, that one.
 * Throws    unknown-tensor: no such output · unsupported-operator: it comes from a Sigmoid, whose classes do not exclude
 *           each other
 */
export function logitsValue({ graph, ...model }: OnnxModel, output: string | undefined, name = 'model'): string {
  const { computed } = valuesOf(graph);
  const makers = new Map<string, OnnxNode>();
  for (const node of graph.node) for (const made of node.output) makers.set(made, node);
  const wanted = output ?? graph.output[0]?.name ?? '';
  if (!computed.includes(wanted)) throw unknownOutput(wanted, { graph, ...model }, computed, name);
  let value = wanted;
  for (let node = makers.get(value); node !== undefined && domainOf(node.domain) === ''; node = makers.get(value)) {
    const [read = ''] = node.input;
    if (node.opType === 'Sigmoid') throw ofSigmoid(wanted, read, name);
    const isSoftmax = node.opType === 'Softmax' || node.opType === 'LogSoftmax';
    if (!(isSoftmax || node.opType === 'Identity') || !computed.includes(read)) break;
    value = read;
    if (isSoftmax) break;
  }
  return value;
}

function unknownOutput(wanted: string, { graph }: OnnxModel, computed: readonly string[], name: string): LimbeckError {
  const outputs = graph.output.map((one) => one.name);
  const near = nearNames(wanted, new Set([...outputs, ...computed]));
  return new LimbeckError(
    'unknown-tensor',
    `"${name}" computes no value "${wanted}". ${near.length > 0 ? `Close to it are ${quoted(near)}. ` : ''}Its outputs are ` +
      `${quoted(outputs)}. Name the one that holds the classes as "output".`,
    { details: { output: wanted, outputs, near } },
  );
}

function ofSigmoid(output: string, read: string, name: string): LimbeckError {
  return new LimbeckError(
    'unsupported-operator',
    `"${output}" of "${name}" comes from a Sigmoid: each class has its own probability, but a label names one class of all. If only ` +
      `one of them can be right, name what the Sigmoid reads, "${read}", as "output"; else use the method headOnly().`,
    { details: { output, read } },
  );
}

function quoted(names: readonly string[]): string {
  return names.map((one) => `"${one}"`).join(', ');
}
