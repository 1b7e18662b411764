import { DATA_TYPES } from '../../onnx/dataTypes.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { domainOf, operatorOf } from '../../onnx/operators.ts';
import type { Call } from '../../onnx/shapes/call.ts';
import { storedTensor } from '../../onnx/shapes/stored.ts';
import { type Inferred, numbersOf, tensor, UNKNOWN } from '../../onnx/shapes/tensor.ts';
import type { Stored } from './steps.ts';

/** Values that follow from the shapes of the inputs, such as what Shape, Gather and Concat give for a Reshape. */
export type Known = ReadonlyMap<string, Stored>;

/** Propagates the lengths of the inputs through the model. */
export function knownValues(model: OnnxModel, shapes: Readonly<Record<string, readonly number[]>>): Known {
  const { graph } = model;
  const opsets = new Map(model.opsetImport.map(({ domain, version }) => [domainOf(domain), Number(version)]));
  const seen = new Map<string, Inferred>();
  for (const { name, type } of graph.input) {
    seen.set(name, tensor(DATA_TYPES[type?.tensorType?.elemType ?? 0]?.name, shapes[name]));
  }
  for (const one of graph.initializer) seen.set(one.name, storedTensor(one));
  const known = new Map<string, Stored>();
  for (const node of graph.node) {
    const operator = operatorOf(node.domain, node.opType);
    const inputs = node.input.map((name) => (name === '' ? undefined : (seen.get(name) ?? UNKNOWN)));
    const call: Call = { node, inputs, opset: opsets.get(domainOf(node.domain)) ?? 1 };
    const outputs = operator?.outputs(call) ?? [];
    node.output.forEach((name, i) => {
      const result = outputs[i] ?? UNKNOWN;
      seen.set(name, result);
      const [shape, values] = [numbersOf(result.shape ?? [null]), numbersOf(result.values)];
      if (name === '' || shape === undefined || values === undefined) return;
      known.set(name, { dtype: result.dtype ?? 'int64', shape, data: values });
    });
  }
  return known;
}
