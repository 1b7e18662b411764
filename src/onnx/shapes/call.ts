import { DATA_TYPES } from '../dataTypes.ts';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from '../model.ts';
import { storedTensor } from './stored.ts';
import { type Inferred, numbersOf, type Shape, UNKNOWN } from './tensor.ts';

/** A node with what is known about its inputs: what a rule of an operator reads. */
export interface Call {
  readonly node: OnnxNode;
  /** Undefined where an optional input is left out. */
  readonly inputs: readonly (Inferred | undefined)[];
  /** The version of the operator set that the node belongs to. */
  readonly opset: number;
}

export function input(call: Call, index: number): Inferred {
  return call.inputs[index] ?? UNKNOWN;
}

export function shapeAt(call: Call, index: number): Shape | null {
  return input(call, index).shape;
}

export function dtypeAt(call: Call, index: number): string | null {
  return input(call, index).dtype;
}

/** The elements of an input, where all are known numbers. */
export function numbersAt(call: Call, index: number): readonly number[] | undefined {
  return numbersOf(call.inputs[index]?.values);
}

/** What has a node's attributes. */
type Attributed = Pick<Call, 'node'>;

function attribute(call: Attributed, name: string): OnnxAttribute | undefined {
  return call.node.attribute.find((one) => one.name === name);
}

export function hasAttribute(call: Attributed, name: string): boolean {
  return attribute(call, name) !== undefined;
}

export function int(call: Attributed, name: string, fallback: number): number {
  const found = attribute(call, name);
  return found === undefined ? fallback : Number(found.i);
}

export function ints(call: Attributed, name: string): readonly number[] | undefined {
  return attribute(call, name)?.ints.map(Number);
}

export function floats(call: Attributed, name: string): readonly number[] | undefined {
  return attribute(call, name)?.floats;
}

export function float(call: Attributed, name: string): number | undefined {
  return attribute(call, name)?.f;
}

export function text(call: Attributed, name: string, fallback: string): string {
  const found = attribute(call, name);
  return found === undefined ? fallback : new TextDecoder().decode(found.s);
}

/** A list of strings; empty where it is not there. */
export function texts(call: Attributed, name: string): string[] {
  return (attribute(call, name)?.strings ?? []).map((one) => new TextDecoder().decode(one));
}

/** How many entries a list of strings has. */
export function textCount(call: Attributed, name: string): number | undefined {
  return attribute(call, name)?.strings.length;
}

export function tensorAttribute(call: Attributed, name: string): Inferred | undefined {
  const found: OnnxTensor | undefined = attribute(call, name)?.t;
  return found && storedTensor(found);
}

/** An element type that an attribute names by its number. */
export function dtypeAttribute(call: Attributed, name: string): string | null | undefined {
  const found = attribute(call, name);
  return found === undefined || found.i === 0n ? undefined : (DATA_TYPES[Number(found.i)]?.name ?? null);
}

/** Axes from an attribute, or since some version from an input; undefined where there are none, null where unknown. */
export function axesOf(call: Call, name: string, index: number): readonly number[] | null | undefined {
  if (hasAttribute(call, name)) return ints(call, name);
  return call.inputs[index] === undefined ? undefined : (numbersAt(call, index) ?? null);
}
