import type { Attribute, GraphBuilder, Output } from './graphBuilder.ts';
import type { Lengths, Value, ValueType } from './graphValue.ts';
import { plain } from './layout.ts';

/** Stored float32 numbers: a layer's weight in tfjs's layout, or a constant of an ONNX file. */
export interface Weight {
  /** Its full name, such as 'conv2d_Conv2D1/kernel'. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type CallOperand = Value | number | Weight;

/** One call of an OnnxOperator layer. */
export interface OperatorCall {
  readonly graph: GraphBuilder;
  /** ONNX's name of the operator. */
  readonly name: string;
  /** In ONNX's order: a value, a number, or a weight. */
  readonly operands: readonly CallOperand[];
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
  /** The keras shape of the result. */
  readonly shape: Lengths;
  /** What is known of the first value. */
  readonly first: Output;
}

/** Adds the nodes of a call and gives its result. */
export type Write = (call: OperatorCall) => Value;

export function isValue(operand: CallOperand | undefined): operand is Value {
  return typeof operand === 'object' && 'layout' in operand;
}

export function listAt({ attributes }: OperatorCall, key: string): readonly number[] {
  const value = attributes[key];
  return Array.isArray(value) ? (value as readonly number[]) : [];
}

export function numberAt({ attributes }: OperatorCall, key: string, otherwise: number): number {
  const value = attributes[key];
  return typeof value === 'number' ? value : otherwise;
}

export function wordAt({ attributes }: OperatorCall, key: string, otherwise: string): string {
  const value = attributes[key];
  return typeof value === 'string' ? value : otherwise;
}

/** A weight as it is stored in the file, in the order in which the student holds it. */
export function stored(graph: GraphBuilder, { name, shape, data }: Weight): string {
  return graph.floats(name.slice(name.lastIndexOf('/') + 1), shape, data);
}

/** A list of whole numbers as a node's input. */
export function lengthsInput(graph: GraphBuilder, name: string, lengths: readonly number[]): string {
  return graph.ints(name, [lengths.length], lengths);
}

/** The first operand in any layout that has the axes of its keras shape. */
export function unflattened({ graph, operands }: OperatorCall): Value {
  const x = operands[0] as Value;
  return x.layout === 'flattened' ? plain(graph, x) : x;
}

/** All operands as a node's inputs, the values among them in the order of their keras shapes. */
export function plainInputs({ graph, operands }: OperatorCall): (Value | string)[] {
  const values = operands.map((one) => (isValue(one) ? plain(graph, one) : one));
  return values.map((one) => {
    if (typeof one === 'number') return graph.floats('number', [], [one]);
    return isValue(one) ? one : stored(graph, one);
  });
}

/** Writes one node that reads all operands in the order of their keras shapes, with these attributes. */
export function plainNode(
  attributesOf: (call: OperatorCall) => Readonly<Record<string, Attribute>> = () => ({}),
  dtype?: ValueType,
): Write {
  return (call) => {
    const inputs = plainInputs(call);
    const first = call.operands[0];
    const output = { shape: call.shape, dtype: dtype ?? (isValue(first) ? first.dtype : 'float32') };
    return call.graph.node(call.name, inputs, output, attributesOf(call));
  };
}
