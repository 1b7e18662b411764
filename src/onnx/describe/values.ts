import type { OnnxGraph, OnnxModel, OnnxNode } from '../model.ts';
import { graphsOf, ownValues } from '../references.ts';

/** The values of a model's outer graph, as taps look for them. */
export interface GraphValues {
  readonly nodes: readonly OnnxNode[];
  /** What nodes compute from the model's inputs, in the order of the file. */
  readonly computed: readonly string[];
  /** Everything that has a name: inputs, weights, constants and what is computed. */
  readonly all: ReadonlySet<string>;
  /** Weights, constants, and what is computed from nothing else. */
  readonly constants: ReadonlySet<string>;
}

export function valuesOf(graph: OnnxGraph): GraphValues {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  for (const { values } of graph.sparseInitializer) if (values !== undefined) constants.add(values.name);
  const computed: string[] = [];
  for (const node of graph.node) {
    const outputs = node.output.filter((name) => name !== '');
    if (isConstant(node, constants)) for (const name of outputs) constants.add(name);
    else computed.push(...outputs);
  }
  const all = ownValues(graph);
  all.delete('');
  return { nodes: graph.node, computed, all, constants };
}

function isConstant(node: OnnxNode, constants: ReadonlySet<string>): boolean {
  if (node.opType === 'Constant') return true;
  const inputs = node.input.filter((name) => name !== '');
  return inputs.length > 0 && inputs.every((name) => constants.has(name)) && graphsOf(node).length === 0;
}

/** Where a value or an operator is found inside of nodes, which taps do not reach; undefined where it is not there. */
export function findInside(model: OnnxModel, wanted: { value?: string; opType?: string }): OnnxNode | undefined {
  return model.graph.node.find((node) => graphsOf(node).some((graph) => holds(graph, wanted)));
}

function holds(graph: OnnxGraph, wanted: { value?: string; opType?: string }): boolean {
  if (wanted.value !== undefined && ownValues(graph).has(wanted.value)) return true;
  return graph.node.some(
    (node) =>
      (wanted.opType !== undefined && (node.opType === wanted.opType || node.name === wanted.opType)) ||
      graphsOf(node).some((inner) => holds(inner, wanted)),
  );
}
