import { sizeOf } from '../../core/shape.ts';
import { prune } from '../../onnx/edit/prune.ts';
import { type OnnxAttribute, type OnnxModel, type OnnxNode, type OnnxTensor, onnx } from '../../onnx/model.ts';
import { freshName, takenNames } from '../../onnx/names.ts';
import { domainOf } from '../../onnx/operators.ts';
import { readsOf } from '../../onnx/references.ts';
import { constantIn, dataOf } from '../../onnx/tensorData.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';

/** A model while it is rewritten: its constants, the readers of each value, and free names. */
export interface WorkGraph {
  readonly model: OnnxModel;
  /** A stored float32 tensor of the model itself, from an initializer or a Constant; undefined if there is none. */
  weight(name: string): Weight | undefined;
  /** How many numbers `weight` has, without reading them; 0 if there is none. */
  elements(name: string): number;
  readersOf(name: string): readonly OnnxNode[];
  isOutput(name: string): boolean;
  /** A free name like the given one. */
  freshName(like: string): string;
  store(tensor: OnnxTensor): string;
  /**
   * Replaces each node for which `rewrite` returns nodes, puts `entry` before all of them, drops what no node reads, and keeps
   * the inputs.
   */
  finish(rewrite: (node: OnnxNode) => readonly OnnxNode[] | undefined, entry?: readonly OnnxNode[]): void;
}

/** Opens a checked model for rewriting, in place. Weights among the inputs count as constants. */
export function openGraph(model: OnnxModel): WorkGraph {
  const { graph } = model;
  const stored = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  graph.input = graph.input.filter((input) => !stored.has(input.name));
  for (const node of graph.node) {
    const value = constantIn(node);
    if (value !== undefined) stored.set(node.output[0] as string, value);
  }
  const readers = new Map<string, OnnxNode[]>();
  for (const node of graph.node)
    for (const read of readsOf(node)) readers.set(read, [...(readers.get(read) ?? []), node]);
  const outputs = new Set(graph.output.map((output) => output.name));
  const taken = takenNames(graph);
  const weights = new Map<string, Weight>();

  return {
    model,
    weight(read) {
      const known = weights.get(read);
      const tensor = stored.get(read);
      if (known !== undefined || tensor === undefined || tensor.dataType !== 1) return known;
      const { data, shape } = dataOf(tensor);
      const weight = { name: read, shape, data: data as Float32Array };
      weights.set(read, weight);
      return weight;
    },
    elements(read) {
      const tensor = stored.get(read);
      return tensor?.dataType === 1 ? sizeOf(tensor.dims.map(Number)) : 0;
    },
    readersOf: (read) => readers.get(read) ?? [],
    isOutput: (read) => outputs.has(read),
    freshName: (like) => freshName(taken, like),
    store(tensor) {
      graph.initializer.push(tensor);
      return tensor.name;
    },
    finish(rewrite, entry = []) {
      graph.node = [...entry, ...graph.node.flatMap((node) => rewrite(node) ?? [node])];
      const inputs = graph.input;
      prune(graph);
      graph.input = inputs;
    },
  };
}

export function intAttribute(node: OnnxNode, name: string, fallback: number): number {
  const found = node.attribute.find((attribute) => attribute.name === name);
  return found === undefined ? fallback : Number(found.i);
}

export function floatAttribute(node: OnnxNode, name: string, fallback: number): number {
  return node.attribute.find((attribute) => attribute.name === name)?.f ?? fallback;
}

export function intOf(name: string, value: number): OnnxAttribute {
  return onnx.attribute({ name, type: 2, i: BigInt(value) });
}

export function elementsOf({ shape }: Weight): number {
  return sizeOf(shape);
}

/** Whether a node is one of ONNX's own operators, of one of these names. */
export function isOperator({ domain, opType }: OnnxNode, ...names: readonly string[]): boolean {
  return domainOf(domain) === '' && names.includes(opType);
}

/** Whether a node is excluded, by its name or its operator. */
export function isExcluded(node: OnnxNode, exclude: readonly string[]): boolean {
  return exclude.includes(node.opType) || (node.name !== '' && exclude.includes(node.name));
}
