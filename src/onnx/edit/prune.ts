import type { OnnxGraph, OnnxNode } from '../model.ts';
import { readsOf } from '../references.ts';

/** Parts of a graph that name values; limbeck does not read them. */
interface Annotated {
  quantizationAnnotation: { tensorName: string }[];
}

/**
 * Removes from a graph, in place, what its outputs do not need: nodes, weights, inputs and their annotations. A
 * node that is needed for one of its outputs keeps the others.
 */
export function prune(graph: OnnxGraph): void {
  const needed = pruneInside(graph);
  graph.input = graph.input.filter(({ name }) => needed.has(name));
}

/** Like `prune`, but all inputs stay. Returns the names of the values that are needed. */
export function pruneInside(graph: OnnxGraph): ReadonlySet<string> {
  const makers = new Map<string, OnnxNode>();
  for (const node of graph.node) for (const name of node.output) if (name !== '') makers.set(name, node);
  const needed = new Set<string>();
  const kept = new Set<OnnxNode>();
  const open = graph.output.map(({ name }) => name);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    const maker = makers.get(name);
    if (maker === undefined || kept.has(maker)) continue;
    kept.add(maker);
    for (const read of readsOf(maker)) open.push(read);
  }
  const known = new Set(needed);
  for (const { output } of kept) for (const name of output) known.add(name);
  graph.node = graph.node.filter((node) => kept.has(node));
  graph.initializer = graph.initializer.filter(({ name }) => needed.has(name));
  graph.sparseInitializer = graph.sparseInitializer.filter(({ values }) => values && needed.has(values.name));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => known.has(name));
  const annotated = graph as OnnxGraph & Annotated;
  annotated.quantizationAnnotation = annotated.quantizationAnnotation.filter(({ tensorName }) => known.has(tensorName));
  return needed;
}
