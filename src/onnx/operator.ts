import type { Tensor } from '../runtime/tf.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { type Call, int, text } from './shapes/call.ts';
import type { Inferred } from './shapes/tensor.ts';
import type { TensorData } from './tensorData.ts';
import type { Write } from './write/operatorCall.ts';

/** An operator's attributes as plain values, by ONNX's names in camelCase; one that is left out is undefined. */
export type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

/** Operations that tfjs lacks, given along with it. */
export type Operations = typeof import('../runtime/operations.ts');

/** The outputs for stored inputs; undefined where a case is not covered. */
export type Fold = (inputs: readonly (TensorData | undefined)[], call: Call) => TensorData | TensorData[] | undefined;

/** Computes an operator with tfjs, inside a tidy. Axes among the attributes are those of the tensors as they lie. */
export type Compute = (tf: Tf, inputs: readonly Tensor[], attributes: Attributes, ops: Operations) => Tensor;

export type ComputeAll = (...given: Parameters<Compute>) => readonly Tensor[];

/** All that limbeck knows about an ONNX operator. Files of `operators/` export a table of them for each family. */
export interface Operator {
  /** What the outputs will be, in their order; those that are missing are unknown. */
  readonly outputs: (call: Call) => readonly Inferred[];
  /** Multiplications that are added up in one run; left out where the operator has none. */
  readonly multiplyAdds?: (call: Call, outputs: readonly Inferred[]) => number | undefined;
  readonly fold?: Fold;
  readonly compute?: Compute;
  /** Like `compute`, for an operator of several outputs. */
  readonly computeAll?: ComputeAll;
  /** The inputs that it computes with; the others are numbers that have to be known. @default all */
  readonly reads?: readonly number[];
  /** Which tensors `compute` takes, and how their axes lie. */
  readonly operands?: Operands | ((call: Call) => Operands);
  /** Why `compute` does not cover a node, such as 'it has peepholes'; undefined where it does. */
  readonly refuse?: (call: Call) => string | undefined;
  /** Writes the `OnnxOperator` layer that computes it into a file. */
  readonly write?: Write;
  /** Why that layer cannot be written, such as 'it has two rows'; undefined where it can. */
  readonly refuseWrite?: (layer: WrittenLayer) => string | undefined;
  /** What `compute` reads in a node, with ONNX's defaults. */
  readonly attributes?: Attributes;
  /** What `compute` reads in a node where that does not stand among its attributes; undefined where it is not known. */
  readonly read?: (call: Call) => Attributes | undefined;
}

/**
 * In any order of axes: 'each' takes the first input; 'broadcast' all inputs, broadcast; 'along' the first, where `axes` or
 * `axis` among the attributes say which axes; 'byAxis' the first, where each list among the attributes has an entry, or a
 * pair, an axis. In the model's order: 'plain' takes all inputs. 'image' takes the first with channels last, the others in
 * the model's order.
 */
export type Operands = 'each' | 'broadcast' | 'along' | 'byAxis' | 'plain' | 'image';

/** What an `OnnxOperator` layer is made with. */
export interface WrittenLayer {
  readonly attributes: Attributes;
  readonly operands: readonly ('tensor' | 'number' | 'weight')[];
}

export type Operators = Readonly<Record<string, Operator>>;

/** The attributes of a node as `compute` takes them; undefined where they depend on the data. */
export function attributesOf({ attributes = {}, read }: Operator, call: Call): Attributes | undefined {
  if (read !== undefined) return read(call);
  const given = Object.entries(attributes).map(([name, fallback]) => {
    const found = call.node.attribute.find((one) => one.name === name);
    if (found === undefined) return [name, fallback];
    if (typeof fallback === 'string') return [name, text(call, name, fallback)];
    return [name, found.type === INT ? int(call, name, 0) : found.f];
  });
  return Object.fromEntries(given) as Attributes;
}

/** The format's number for an attribute that is a whole number. */
const INT = 2;

export function operandsOf({ operands }: Operator, call: Call): Operands | undefined {
  return typeof operands === 'function' ? operands(call) : operands;
}

export function numberOf(attributes: Attributes, name: string, fallback: number): number {
  const value = attributes[name];
  return typeof value === 'number' ? value : fallback;
}

export function listOf(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : [];
}

export function wordOf(attributes: Attributes, name: string, fallback: string): string {
  const value = attributes[name];
  return typeof value === 'string' ? value : fallback;
}
