import { DATA_TYPES } from '../dataTypes.ts';
import type { OnnxNodeDescription } from '../description.ts';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from '../model.ts';
import { domainOf, operatorOf } from '../operators.ts';
import { has } from '../proto.ts';
import type { Call } from './call.ts';
import { type Cost, NO_COST, plusCost, UNCOUNTED } from './cost.ts';
import { callFunction, isFunction } from './functions.ts';
import { type Outcome, type Place, seen, type Walk } from './place.ts';
import { storedTensor } from './stored.ts';
import { hasBranches, runBranches } from './subgraphs.ts';
import { type Inferred, length, mergeShapes, type Shape, tensor, UNKNOWN } from './tensor.ts';

/** What the inference of a model gives. */
export interface WalkedModel extends Outcome {
  readonly nodes: readonly OnnxNodeDescription[];
}

const DEEPEST = 64;
const MOST_INNER_NODES = 50_000;

/** Infers a model from what is known about its inputs. */
export function walkModel(
  model: OnnxModel,
  inputs: ReadonlyMap<string, Inferred>,
  dimensions: ReadonlyMap<string, number>,
): WalkedModel {
  const walk: Walk = {
    model,
    dimensions,
    opsets: new Map(model.opsetImport.map(({ domain, version }) => [domainOf(domain), Number(version)])),
    nodes: [],
    budget: { left: MOST_INNER_NODES },
    enter: walkGraph,
    follow: walkNodes,
  };
  const place: Place = { tensors: new Map(inputs), outer: undefined, within: '', depth: 0 };
  return { ...walkGraph(walk, model.graph, place), nodes: walk.nodes };
}

/** Infers a graph whose inputs stand in `place` already. */
function walkGraph(walk: Walk, graph: OnnxGraph, place: Place): Outcome {
  for (const one of graph.initializer) place.tensors.set(one.name, storedTensor(one));
  for (const { values, dims } of graph.sparseInitializer as readonly { values?: OnnxTensor; dims?: bigint[] }[]) {
    if (values === undefined) continue;
    place.tensors.set(values.name, tensor(DATA_TYPES[values.dataType]?.name, (dims ?? []).map(Number).map(length)));
  }
  const declared = new Map([...graph.valueInfo, ...graph.output].map((value) => [value.name, value]));
  const cost = walkNodes(walk, graph.node, place, declared);
  return { outputs: graph.output.map(({ name }) => seen(place, name) ?? UNKNOWN), cost };
}

function walkNodes(
  walk: Walk,
  nodes: readonly OnnxNode[],
  place: Place,
  declared: ReadonlyMap<string, OnnxValue> = new Map(),
): Cost {
  let total = NO_COST;
  for (const node of nodes) total = plusCost(total, walkNode(walk, node, place, declared));
  return total;
}

function walkNode(walk: Walk, node: OnnxNode, place: Place, declared: ReadonlyMap<string, OnnxValue>): Cost {
  const at = walk.nodes.length;
  walk.nodes.push(describe(node, place, [], undefined));
  const { outputs, cost } = runNode(walk, node, place);
  const known = node.output.map((name, i) => {
    const result = withDeclared(outputs[i] ?? UNKNOWN, declared.get(name), walk.dimensions);
    if (name !== '') place.tensors.set(name, result);
    return { name, dtype: result.dtype, shape: result.shape };
  });
  walk.nodes[at] = describe(node, place, known, cost.uncounted === 0 ? cost.counted : undefined);
  return cost;
}

function runNode(walk: Walk, node: OnnxNode, place: Place): Outcome {
  const call: Call = {
    node,
    inputs: node.input.map((name) => (name === '' ? undefined : (seen(place, name) ?? UNKNOWN))),
    opset: walk.opsets.get(domainOf(node.domain)) ?? 1,
  };
  if (place.depth > 0) walk.budget.left -= 1;
  const mayEnter = place.depth < DEEPEST && walk.budget.left > 0;
  if (hasBranches(node)) return mayEnter ? runBranches(walk, call, place) : { outputs: [], cost: UNCOUNTED };
  const operator = operatorOf(node.domain, node.opType);
  if (operator !== undefined) {
    const outputs = operator.outputs(call);
    const count = operator.multiplyAdds === undefined ? 0 : operator.multiplyAdds(call, outputs);
    return { outputs, cost: count === undefined ? UNCOUNTED : { counted: count, uncounted: 0 } };
  }
  if (mayEnter && isFunction(walk.model, node)) return callFunction(walk, call, place);
  return { outputs: [], cost: UNCOUNTED };
}

function withDeclared(
  inferred: Inferred,
  value: OnnxValue | undefined,
  dimensions: ReadonlyMap<string, number>,
): Inferred {
  if (value === undefined) return inferred;
  const { dtype, shape } = declaredTensor(value, dimensions);
  return tensor(inferred.dtype ?? dtype, mergeShapes(inferred.shape, shape), inferred.values);
}

/** Type and shape that the file states for a value, its free lengths replaced by the caller's numbers. */
export function declaredTensor({ type }: OnnxValue, dimensions: ReadonlyMap<string, number>): Inferred {
  const stated = type?.tensorType;
  const shape: Shape | undefined = stated?.shape?.dim.map((one) => {
    if (one.dimParam !== '') return dimensions.get(one.dimParam) ?? one.dimParam;
    return has('Dimension', one, 'dimValue') ? length(Number(one.dimValue)) : null;
  });
  return tensor(DATA_TYPES[stated?.elemType ?? 0]?.name, shape ?? null);
}

function describe(
  { name, opType, domain, input }: OnnxNode,
  { within }: Place,
  outputs: OnnxNodeDescription['outputs'],
  multiplyAdds: number | undefined,
): OnnxNodeDescription {
  const node = { name, operator: opType, domain: domainOf(domain), within, inputs: input, outputs };
  return multiplyAdds === undefined ? node : { ...node, multiplyAdds };
}
