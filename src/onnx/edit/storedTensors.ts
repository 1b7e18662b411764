import type { OnnxModel, OnnxTensor } from '../model.ts';
import { constantIn } from '../tensorData.ts';

/** What the outer graph stores, by name: its initializers, and what its Constants give. */
export function storedTensors({ graph }: OnnxModel): Map<string, OnnxTensor> {
  const tensors = new Map(graph.initializer.map((one) => [one.name, one]));
  for (const node of graph.node) {
    const tensor = constantIn(node);
    if (tensor !== undefined) tensors.set(node.output[0] ?? '', tensor);
  }
  return tensors;
}

/** Exchanges one of them where it stands. */
export function replaceStored({ graph }: OnnxModel, name: string, change: (tensor: OnnxTensor) => OnnxTensor): void {
  const at = graph.initializer.findIndex((one) => one.name === name);
  if (at >= 0) {
    graph.initializer[at] = change(graph.initializer[at] as OnnxTensor);
    return;
  }
  const constant = graph.node.find(({ opType, output }) => opType === 'Constant' && output[0] === name);
  const value = constant?.attribute.find((one) => one.name === 'value');
  if (value?.t !== undefined) value.t = change(value.t);
}
