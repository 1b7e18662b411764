import type { BoundInputs } from '../bindInputs.ts';
import type { OnnxModel, OnnxValue } from '../model.ts';
import { operatorOf } from '../operators.ts';
import { storedTensor } from '../shapes/stored.ts';
import { type Inferred, mergeShapes, tensor, UNKNOWN } from '../shapes/tensor.ts';
import { declaredTensor } from '../shapes/walk.ts';
import type { Draft } from './draft.ts';

/** What is known about each value of the outer graph. Of nodes with graphs inside, only what the file says. */
export function inferValues(model: OnnxModel, draft: Draft, bound: BoundInputs): Map<string, Inferred> {
  const known = new Map<string, Inferred>(bound.inputs.map((one) => [one.name, one]));
  const { node, initializer } = draft.finish();
  for (const one of initializer) known.set(one.name, storedTensor(one));
  const declared = new Map<string, OnnxValue>();
  for (const value of [...model.graph.valueInfo, ...model.graph.output]) declared.set(value.name, value);
  // The rules read what is known so far, which grows as nodes are met.
  draft.learn(known);
  for (const one of node) {
    const hasGraphs = one.attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0);
    const operator = hasGraphs ? undefined : operatorOf(one.domain, one.opType);
    const outputs = operator?.outputs(draft.call(one)) ?? [];
    for (const [i, name] of one.output.entries()) {
      if (name !== '') known.set(name, withDeclared(outputs[i] ?? UNKNOWN, declared.get(name), bound));
    }
  }
  return known;
}

function withDeclared(inferred: Inferred, value: OnnxValue | undefined, { dimensions }: BoundInputs): Inferred {
  if (value === undefined) return inferred;
  const { dtype, shape } = declaredTensor(value, dimensions);
  return tensor(inferred.dtype ?? dtype, mergeShapes(inferred.shape, shape), inferred.values);
}
