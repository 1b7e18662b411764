import type { OnnxGraph, OnnxNode } from './model.ts';
import { graphsOf, ownValues } from './references.ts';

/** Every name of a value in a graph and in the graphs inside it: what a new value may not be called. */
export function takenNames(graph: OnnxGraph): Set<string> {
  const taken = ownValues(graph);
  for (const node of graph.node) {
    for (const inner of graphsOf(node)) for (const name of takenNames(inner)) taken.add(name);
  }
  return taken;
}

/** A name like the wanted one that nothing has; it is taken from then on. */
export function freshName(taken: Set<string>, like: string): string {
  let name = like;
  for (let i = 1; taken.has(name); i++) name = `${like}_${i}`;
  taken.add(name);
  return name;
}

/** Calls a value of the graph otherwise, wherever it is made, stored, read or spoken of. In place. */
export function renameValue(graph: OnnxGraph, from: string, to: string): void {
  const renamed = (name: string) => (name === from ? to : name);
  const annotated = graph as OnnxGraph & { quantizationAnnotation: { tensorName: string }[] };
  for (const one of annotated.quantizationAnnotation) one.tensorName = renamed(one.tensorName);
  for (const { values } of graph.sparseInitializer) if (values !== undefined) values.name = renamed(values.name);
  for (const one of [...graph.initializer, ...graph.valueInfo, ...graph.input, ...graph.output]) {
    one.name = renamed(one.name);
  }
  for (const node of graph.node) renameIn(node, from, to);
}

function renameIn(node: OnnxNode, from: string, to: string): void {
  const renamed = (name: string) => (name === from ? to : name);
  node.input = node.input.map(renamed);
  node.output = node.output.map(renamed);
  for (const inner of graphsOf(node)) {
    // A graph with a value of that name of its own does not see this one.
    if (!ownValues(inner).has(from)) renameValue(inner, from, to);
  }
}
