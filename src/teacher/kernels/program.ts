import { LimbeckError } from '../../core/errors.ts';
import { isTagged } from '../../core/tags.ts';
import type { OnnxModel, OnnxNode } from '../../onnx/model.ts';
import { bindInputs } from '../../onnx/simplify/bindInputs.ts';
import { openDraft } from '../../onnx/simplify/draft.ts';
import { inferValues } from '../../onnx/simplify/infer.ts';
import { constantIn, dataOf, type TensorData } from '../../onnx/tensorData.ts';
import { fuseCurves } from './fuseCurves.ts';
import { ENGINE_DOMAIN } from './fusedNodes.ts';
import { fuseEnds } from './fuseEnds.ts';
import type { Program, Step, Stored } from './steps.ts';

/**
 * Reads a simplified model without halves as a program: constants apart, nodes that one kernel computes as one step.
 * Throws    unsupported-operator: nodes of the engine's own domain
 */
export function toProgram(model: OnnxModel): Program {
  const { graph } = model;
  checkDomains(graph.node);
  const draft = openDraft(model, []);
  draft.learn(inferValues(model, draft, bindInputs(graph, {})));
  fuseCurves(draft);
  fuseEnds(draft);
  const { node, initializer } = draft.finish();
  const constants = new Map(initializer.map((tensor) => [tensor.name, stored(dataOf(tensor))] as const));
  const steps: Step[] = [];
  for (const one of node) {
    // An output of the model that is constant.
    const made = constantIn(one);
    if (made !== undefined) constants.set(one.output[0] ?? '', stored(dataOf(made)));
    else steps.push({ op: one.domain === '' ? one.opType : `${one.domain}.${one.opType}`, node: one });
  }
  const inputs = graph.input.map(({ name }) => name).filter((name) => !constants.has(name));
  return { steps, constants, inputs, outputs: [...new Set(graph.output.map(({ name }) => name))], opset: draft.opset };
}

/** A file cannot hold the engine's nodes; its own of that name mean something else. */
function checkDomains(nodes: readonly OnnxNode[]): void {
  const found = nodes.find(({ domain }) => domain === ENGINE_DOMAIN);
  if (found === undefined) return;
  throw new LimbeckError('unsupported-operator', `The kernels have no ${found.domain}.${found.opType}.`, {
    details: { operators: [`${found.domain}.${found.opType}`] },
  });
}

function stored({ dtype, shape, data }: TensorData): Stored {
  const isBig = isTagged(data, 'BigInt64Array') || isTagged(data, 'BigUint64Array');
  return { dtype, shape, data: isBig ? Float64Array.from(data as BigInt64Array, Number) : (data as Float32Array) };
}
