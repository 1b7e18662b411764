import { sizeOf } from '../../core/shape.ts';
import type { OnnxLength } from '../../onnx/describe/description.ts';
import { copyOf, type OnnxModel, type OnnxNode, type OnnxTensor } from '../../onnx/model.ts';
import { domainOf, operatorOf } from '../../onnx/operators.ts';
import { storedTensor } from '../../onnx/shapes/stored.ts';
import { type Inferred, tensor, UNKNOWN } from '../../onnx/shapes/tensor.ts';
import { declaredTensor } from '../../onnx/shapes/walk.ts';
import { numbers } from '../../onnx/simplify/convert.ts';
import { dataOf } from '../../onnx/tensorData.ts';
import type { Constant, Step } from './operator.ts';
import { BATCH } from './placing.ts';
import { reshapedTo } from './reshaped.ts';
import { stretched } from './stretched.ts';

/** A model's nodes in build order, and what is known of its values. */
export interface Steps {
  readonly steps: readonly Step[];
  readonly inputs: ReadonlyMap<string, Inferred>;
  /** The node that makes a value. */
  readonly makers: ReadonlyMap<string, Step>;
  /** How many nodes and outputs read a value, and which nodes. */
  readonly readers: ReadonlyMap<string, readonly Step[]>;
  readonly outputs: readonly string[];
  /** What is known of each value. */
  readonly known: ReadonlyMap<string, Inferred>;
}

/** Infers a simplified model whose batch is called `BATCH`. `parameters`: what the file itself stores among its weights. */
export function stepsOf(model: OnnxModel, parameters: ReadonlySet<string>): Steps {
  const { graph } = model;
  const opsets = new Map(model.opsetImport.map(({ domain, version }) => [domainOf(domain), Number(version)]));
  const stored = new Map(graph.initializer.map((one) => [one.name, one]));
  const known = new Map<string, Inferred>(graph.initializer.map((one) => [one.name, storedTensor(one)]));
  const inputs = new Map<string, Inferred>();
  for (const value of graph.input) {
    if (stored.has(value.name)) continue;
    inputs.set(value.name, declaredTensor(value, new Map()));
    known.set(value.name, inputs.get(value.name) as Inferred);
  }
  const constants = new Map<string, Constant>();
  const constantOf = (name: string | undefined): Constant | undefined => {
    const before = constants.get(name ?? '');
    if (before !== undefined) return before;
    const tensor = name === undefined ? undefined : stored.get(name);
    if (tensor === undefined) return undefined;
    const constant = { ...readConstant(tensor), isParameter: parameters.has(tensor.name) };
    constants.set(tensor.name, constant);
    return constant;
  };
  const [makers, readers] = [new Map<string, Step>(), new Map<string, Step[]>()];
  const steps = sorted(graph.node, known).map((given): Step => {
    // A copy, so that unread outputs can be removed from it.
    const node = copyOf(given);
    const call = {
      node,
      inputs: node.input.map((name) => (name === '' ? undefined : (known.get(name) ?? UNKNOWN))),
      opset: opsets.get(domainOf(node.domain)) ?? 1,
    };
    const outputs = inferred(call);
    const constant = (index: number) => constantOf(node.input[index]);
    const step = { ...call, name: node.name || node.output[0] || node.opType, outputs, constant };
    const repeated = stretched(step);
    if (repeated !== undefined) constants.set(node.output[0] as string, repeated);
    node.output.forEach((name, i) => {
      if (name === '') return;
      known.set(name, outputs[i] ?? UNKNOWN);
      if (repeated === undefined) makers.set(name, step);
    });
    for (const name of node.input) readers.set(name, [...(readers.get(name) ?? []), step]);
    return step;
  });
  const outputs = graph.output.map(({ name }) => name);
  for (const { node } of steps)
    node.output = node.output.map((name) => (readers.has(name) || outputs.includes(name) ? name : ''));
  return { steps, inputs, makers, readers, outputs, known };
}

function inferred(call: Pick<Step, 'node' | 'inputs' | 'opset'>): readonly Inferred[] {
  const outputs = operatorOf(call.node.domain, call.node.opType)?.outputs(call) ?? [];
  const [x, target] = call.inputs;
  const [made] = outputs;
  // A size may be given for the batch too, as the model was saved.
  if (call.node.opType === 'Resize' && x?.shape?.[0] === BATCH && made?.shape != null) {
    return [{ ...made, shape: [BATCH, ...made.shape.slice(1)] }];
  }
  if (call.node.opType === 'Equal' && made !== undefined) return [comparedBatch(made, x, target)];
  if (call.node.opType !== 'Reshape') return outputs;
  const shape = reshapedTo(x?.shape ?? null, target?.values, BATCH);
  return shape === null ? outputs : [tensor(x?.dtype ?? null, shape, outputs[0]?.values)];
}

/** A comparison of the batch with 0 or −1 checks whether a length was left out. */
function comparedBatch(made: Inferred, ...[a, b]: readonly (Inferred | undefined)[]): Inferred {
  const [left, right] = [a?.values ?? [], b?.values ?? []];
  if (left.length === 0 || left.length !== right.length) return made;
  const isNone = (one: OnnxLength | undefined) => typeof one === 'number' && one <= 0;
  const values = left.map((one, i) => {
    const other = right[i];
    const isOff = (one === BATCH && isNone(other)) || (other === BATCH && isNone(one));
    return isOff
      ? 0
      : (made.values?.[i] ?? (typeof one === 'number' && typeof other === 'number' ? Number(one === other) : null));
  });
  return { ...made, values };
}

function readConstant(stored: OnnxTensor): Constant {
  const { dtype, shape, data } = dataOf(stored);
  const isFloat = /float/.test(dtype);
  const values = Float32Array.from(numbers(dtype, data));
  return { name: stored.name, shape, data: values.subarray(0, sizeOf(shape)), isFloat };
}

/** The nodes of a file may be out of order. */
function sorted(nodes: readonly OnnxNode[], known: ReadonlyMap<string, unknown>): OnnxNode[] {
  const ready = new Set(known.keys());
  const result: OnnxNode[] = [];
  let waiting = nodes;
  while (waiting.length > 0) {
    const later: OnnxNode[] = [];
    for (const node of waiting) {
      if (!node.input.every((name) => name === '' || ready.has(name))) {
        later.push(node);
        continue;
      }
      result.push(node);
      for (const name of node.output) ready.add(name);
    }
    if (later.length === waiting.length) return [...result, ...later];
    waiting = later;
  }
  return result;
}
