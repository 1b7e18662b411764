import { copyOf, type OnnxGraph, type OnnxNode } from './model.ts';

/** Names of all values that a node reads: its inputs, and what the graphs in it read from around it. */
export function readsOf(node: OnnxNode): Set<string> {
  const reads = new Set(node.input);
  reads.delete('');
  for (const graph of graphsOf(node)) for (const name of outerReads(graph)) reads.add(name);
  return reads;
}

/** The graphs in a node's attributes, as the branches of an If. */
export function graphsOf({ attribute }: OnnxNode): OnnxGraph[] {
  return attribute.flatMap(({ g, graphs }) => (g === undefined ? graphs : [g, ...graphs]));
}

/** A copy of a node with other graphs in its attributes. */
export function withGraphs(node: OnnxNode, change: (graph: OnnxGraph) => OnnxGraph): OnnxNode {
  const attribute = node.attribute.map((one) => {
    if (one.g === undefined && one.graphs.length === 0) return one;
    return Object.assign(copyOf(one), { ...(one.g && { g: change(one.g) }), graphs: one.graphs.map(change) });
  });
  return Object.assign(copyOf(node), { attribute });
}

/** Names of the values that a graph makes or holds itself. */
export function ownValues(graph: OnnxGraph): Set<string> {
  const own = new Set<string>();
  for (const { name } of graph.input) own.add(name);
  for (const { name } of graph.initializer) own.add(name);
  for (const { values } of graph.sparseInitializer) if (values !== undefined) own.add(values.name);
  for (const { output } of graph.node) for (const name of output) own.add(name);
  return own;
}

/** The index of a node that waits for its own result, or undefined where there is none. */
export function findCycle(nodes: readonly OnnxNode[]): number | undefined {
  const makers = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const name of node.output) if (name !== '') makers.set(name, index);
  });
  // A node is done when all that it waits for is; whatever is left in the end waits in a circle, or for one.
  const waiting = new Int32Array(nodes.length);
  const readers: number[][] = nodes.map(() => []);
  nodes.forEach((node, index) => {
    const needed = new Set<number>();
    for (const name of readsOf(node)) {
      const maker = makers.get(name);
      if (maker !== undefined) needed.add(maker);
    }
    waiting[index] = needed.size;
    for (const maker of needed) readers[maker]?.push(index);
  });
  const ready = [...waiting.keys()].filter((index) => waiting[index] === 0);
  let done = 0;
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    done++;
    for (const reader of readers[next] ?? []) if (--(waiting[reader] as number) === 0) ready.push(reader);
  }
  return done === nodes.length ? undefined : waiting.findIndex((count) => count > 0);
}

function outerReads(graph: OnnxGraph): Set<string> {
  const own = ownValues(graph);
  const outer = new Set<string>();
  const note = (name: string) => {
    if (!own.has(name)) outer.add(name);
  };
  for (const node of graph.node) for (const name of readsOf(node)) note(name);
  for (const { name } of graph.output) note(name);
  return outer;
}
