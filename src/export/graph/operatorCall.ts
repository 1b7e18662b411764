import type { Weight } from '../layerExport.ts';
import type { GraphBuilder, Output } from './graph.ts';
import type { Lengths, Value } from './graphValue.ts';

/** One call of an OnnxOperator layer. */
export interface OperatorCall {
  readonly graph: GraphBuilder;
  /** ONNX's name of the operator. */
  readonly name: string;
  /** Its small name. */
  readonly operator: string;
  /** In ONNX's order: a value, a number, or a weight. */
  readonly operands: readonly (Value | number | Weight)[];
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
  /** The keras shape of the result. */
  readonly shape: Lengths;
  /** What is known of the first value. */
  readonly first: Output;
}

export function isValue(operand: Value | number | Weight): operand is Value {
  return typeof operand === 'object' && 'layout' in operand;
}

export function listOf({ attributes }: OperatorCall, key: string): readonly number[] {
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
