import type { OnnxGraph, OnnxNode } from '../model.ts';
import { type Call, input, int, ints, numbersAt } from './call.ts';
import { dearerCost, repeatedCost, UNCOUNTED } from './cost.ts';
import { inside, type Outcome, type Place, type Walk } from './place.ts';
import { axisOf, eitherShape, type Inferred, type Shape, tensor, UNKNOWN } from './tensor.ts';

/** Whether a node holds graphs of its own. */
export function hasBranches(node: OnnxNode): boolean {
  return node.attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0);
}

/** Infers what a node gives that holds graphs; those of an unknown operator are walked for their list of nodes only. */
export function runBranches(walk: Walk, call: Call, place: Place): Outcome {
  const isOwn = call.node.domain === '' || call.node.domain === 'ai.onnx';
  if (isOwn && call.node.opType === 'If') return runIf(walk, call, place);
  const body = graphOf(call.node, 'body');
  if (isOwn && call.node.opType === 'Loop' && body !== undefined) return runLoop(walk, call, body, place);
  if (isOwn && call.node.opType === 'Scan' && body !== undefined && call.opset >= 9) {
    return runScan(walk, call, body, place);
  }
  for (const { name, g, graphs } of call.node.attribute) {
    for (const graph of g === undefined ? graphs : [g]) run(walk, call.node, name, graph, place, []);
  }
  return { outputs: [], cost: UNCOUNTED };
}

function graphOf(node: OnnxNode, name: string): OnnxGraph | undefined {
  return node.attribute.find((one) => one.name === name)?.g;
}

function run(
  walk: Walk,
  node: OnnxNode,
  name: string,
  graph: OnnxGraph,
  place: Place,
  given: readonly Inferred[],
): Outcome {
  const branch = inside(place, `${node.name || node.opType}/${name}`);
  for (const [i, value] of graph.input.entries()) branch.tensors.set(value.name, given[i] ?? UNKNOWN);
  return walk.enter(walk, graph, branch);
}

function runIf(walk: Walk, call: Call, place: Place): Outcome {
  const [yes, no] = ['then_branch', 'else_branch'].map((name): Outcome => {
    const graph = graphOf(call.node, name);
    return graph === undefined ? { outputs: [], cost: UNCOUNTED } : run(walk, call.node, name, graph, place, []);
  });
  if (yes === undefined || no === undefined) return { outputs: [], cost: UNCOUNTED };
  const condition = numbersAt(call, 0)?.[0];
  if (condition !== undefined) return condition === 0 ? no : yes;
  return {
    outputs: yes.outputs.map((one, i) => either(one, no.outputs[i] ?? UNKNOWN)),
    cost: dearerCost(yes.cost, no.cost),
  };
}

function either(a: Inferred, b: Inferred): Inferred {
  const isSame = a.values?.every((one, i) => one === b.values?.[i]);
  return tensor(a.dtype ?? b.dtype, eitherShape(a.shape, b.shape), isSame ? a.values : undefined);
}

/** A loop's body runs an unknown number of times; what it carries keeps its shape only where the body keeps it. */
function runLoop(walk: Walk, call: Call, body: OnnxGraph, place: Place): Outcome {
  const start = walk.nodes.length;
  const first = call.node.input.slice(2).map((_, i) => withoutValues(input(call, i + 2)));
  const turn = (carried: readonly Inferred[]) => {
    walk.nodes.length = start;
    const given = [tensor('int64', []), tensor('bool', []), ...carried];
    const { outputs, cost } = run(walk, call.node, 'body', body, place, given);
    return { cost, after: outputs.slice(1).map(withoutValues) };
  };
  let carried: readonly Inferred[] = first;
  let { after, cost } = turn(carried);
  for (let i = 0; !isKept(carried, after); i += 1) {
    const seen = carried.map((one, at) => either(one, after[at] ?? UNKNOWN));
    carried = i < 2 ? seen : first.map(({ dtype }) => tensor(dtype, null));
    ({ after, cost } = turn(carried));
    if (i >= 2) break;
  }
  const gathered = after.slice(first.length).map(({ dtype, shape }) => tensor(dtype, shape && [null, ...shape]));
  return { outputs: [...carried, ...gathered], cost: repeatedCost(cost, undefined) };
}

function isKept(before: readonly Inferred[], after: readonly Inferred[]): boolean {
  return before.every(({ shape }, i) => {
    const now = after[i]?.shape ?? null;
    return (
      shape === null || (now?.length === shape.length && shape.every((one, axis) => one === null || one === now[axis]))
    );
  });
}

function withoutValues({ dtype, shape }: Inferred): Inferred {
  return tensor(dtype, shape);
}

/** A scan's body runs once for each element along an axis; its states keep their shapes. */
function runScan(walk: Walk, call: Call, body: OnnxGraph, place: Place): Outcome {
  const states = call.inputs.length - int(call, 'num_scan_inputs', 0);
  const scanned = call.node.input.slice(states).map((_, i) => input(call, states + i));
  const axes = ints(call, 'scan_input_axes');
  const axisFor = (i: number, shape: Shape) => axisOf(axes?.[i] ?? 0, shape.length) ?? 0;
  const cut = ({ dtype, shape }: Inferred, i: number) =>
    tensor(
      dtype,
      shape?.filter((_, axis) => axis !== axisFor(i, shape)),
    );
  const kept = call.node.input.slice(0, states).map((_, i) => withoutValues(input(call, i)));
  const { outputs, cost } = run(walk, call.node, 'body', body, place, [...kept, ...scanned.map(cut)]);
  const steps = scanned.map(({ shape }, i) => shape?.[axisFor(i, shape)]).find((one) => typeof one === 'number');
  const places = ints(call, 'scan_output_axes');
  const gathered = outputs.slice(states).map(({ dtype, shape }, i) => {
    if (shape === null) return tensor(dtype, null);
    const axis = axisOf(places?.[i] ?? 0, shape.length + 1) ?? 0;
    return tensor(dtype, [...shape.slice(0, axis), steps ?? null, ...shape.slice(axis)]);
  });
  return { outputs: [...kept, ...gathered], cost: repeatedCost(cost, typeof steps === 'number' ? steps : undefined) };
}
