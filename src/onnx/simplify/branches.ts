import { copyOf, type OnnxGraph, type OnnxNode, onnx } from '../model.ts';
import { domainOf } from '../operators.ts';
import { ownValues, withGraphs } from '../references.ts';
import type { Draft } from './draft.ts';

/** Puts the branch that an If with a known condition takes in the If's place. */
export function inlineBranches(draft: Draft): void {
  for (const node of draft.nodes()) {
    if (node.opType !== 'If' || node.domain !== '') continue;
    const condition = draft.constant(node.input[0])?.data[0] ?? draft.inferred(node.input[0]).values?.[0];
    if (typeof condition !== 'number') continue;
    const wanted = condition === 0 ? 'else_branch' : 'then_branch';
    const branch = node.attribute.find(({ name }) => name === wanted)?.g;
    if (branch !== undefined && branch.sparseInitializer.length === 0) inline(draft, node, branch);
  }
}

function inline(draft: Draft, node: OnnxNode, branch: OnnxGraph): void {
  const names = new Map<string, string>();
  const made = new Set(branch.node.flatMap(({ output }) => output));
  const copies: OnnxNode[] = [];
  for (const [i, { name }] of branch.output.entries()) {
    const outer = node.output[i] ?? '';
    if (outer === '') continue;
    if (made.has(name) && !names.has(name)) names.set(name, outer);
    // What the branch passes on from around it, stores, or gives twice.
    else copies.push(onnx.node({ opType: 'Identity', input: [name], output: [outer] }));
  }
  const prefix = node.name || node.output[0] || 'If';
  for (const name of ownValues(branch)) {
    if (name !== '' && !names.has(name)) names.set(name, draft.fresh(`${prefix}/${name}`));
  }
  for (const tensor of branch.initializer) {
    const copy = copyOf(tensor);
    copy.name = names.get(tensor.name) ?? tensor.name;
    draft.adopt(copy);
  }
  draft.replace(node, ...[...branch.node, ...copies].map((one, i) => renamed(one, names, i >= branch.node.length)));
}

/** A node under other names of values; `isOuter`: its outputs have their names already. */
function renamed(node: OnnxNode, names: ReadonlyMap<string, string>, isOuter = false): OnnxNode {
  const copy = withGraphs(node, (graph) => renamedGraph(graph, names));
  copy.domain = domainOf(node.domain);
  const newName = (name: string) => names.get(name) ?? name;
  copy.input = node.input.map(newName);
  copy.output = isOuter ? node.output : node.output.map(newName);
  return copy;
}

function renamedGraph(graph: OnnxGraph, names: ReadonlyMap<string, string>): OnnxGraph {
  const outer = new Map(names);
  for (const name of ownValues(graph)) outer.delete(name);
  const copy = copyOf(graph);
  copy.node = graph.node.map((node) => renamed(node, outer));
  copy.output = graph.output.map((value) => {
    const other = copyOf(value);
    other.name = outer.get(value.name) ?? value.name;
    return other;
  });
  return copy;
}
