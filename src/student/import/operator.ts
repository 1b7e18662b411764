import type { Attributes } from '../../onnx/operator.ts';
import type { Call } from '../../onnx/shapes/call.ts';
import type { Inferred } from '../../onnx/shapes/tensor.ts';
import type { layers, SymbolicTensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';

type Layer = InstanceType<typeof layers.Layer>;

/**
 * A value of an ONNX model as the student holds it. Its axes may be in a different order than the model's, with the batch
 * first and mostly the channels last, and axes of length 1 may be missing.
 */
export interface Value {
  readonly tensor: SymbolicTensor;
  /** The model's axis at each axis of the tensor. */
  readonly axes: readonly number[];
  /** The number of axes that the model gives it. */
  readonly rank: number;
  /** Set if the last axis was flattened from several that were in a different order than the model's. */
  readonly shuffle?: Shuffle;
}

/** The axes that an axis was flattened from. */
export interface Shuffle {
  /** Their lengths in the model's order. */
  readonly lengths: readonly number[];
  /** Their order, outermost first. */
  readonly order: readonly number[];
}

/** A stored value, its elements as numbers in row-major order. */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** Whether the model stores it as floating-point numbers, which may learn. */
  readonly isFloat: boolean;
  /** Set if it is one of the model's weights, not made by a node. */
  readonly isParameter?: boolean;
}

/** A node with all that is known about it before anything is built. */
export interface Step extends Call {
  /** The node's name, or that of its first output. */
  readonly name: string;
  readonly outputs: readonly Inferred[];
  /** The stored value at an input; undefined if it is computed or left out. */
  constant(index: number): Constant | undefined;
}

/** What an `OnnxOperator` layer reads: a tensor, a fixed number, or weights. */
export type Operand = SymbolicTensor | number | { readonly weight: Constant; readonly isFixed?: boolean };

/** A description of one `OnnxOperator` layer. */
export interface OperatorPlan {
  /** ONNX's small name, such as 'reduceMean'. */
  readonly operator: string;
  readonly operands: readonly Operand[];
  readonly attributes?: Attributes;
  /** Of the result, null where a length is free. */
  readonly shape: readonly (number | null)[];
}

/** Builds the student layer by layer. */
export interface Builder {
  readonly tf: Tf;
  /** What a node reads at an input, as computed so far. */
  value(step: Step, index: number): Value;
  /** The tensor of a value with exactly these axes of the model in this order, which may take a layer or two. */
  arrange(value: Value, axes: readonly number[]): SymbolicTensor;
  /** A unique layer name, from the weight that it holds or else from its node. */
  name(step: Step, weight?: Constant): string;
  /** A unique name like this one that tfjs accepts. */
  plainName(wanted: string): string;
  /** Applies a layer and records the values of its weights, in the order of `layer.weights`. */
  apply(
    layer: Layer,
    input: SymbolicTensor | readonly SymbolicTensor[],
    weights?: readonly Float32Array[],
  ): SymbolicTensor;
  /** Applies an `OnnxOperator`. */
  operate(step: Step, plan: OperatorPlan): SymbolicTensor;
  /** The only node that reads this one's first output; undefined if several do or it is an output of the model. */
  follower(step: Step): Step | undefined;
  /** Records that a later node was merged into an earlier layer, so that its first output is this value. */
  settle(step: Step, value: Value): void;
}

/** How the nodes of one operator become layers. Files of `operators/` export tables of them. */
export interface OperatorImport {
  /** Why this node cannot be imported; undefined if it can. */
  refuse?(step: Step): string | undefined;
  /** The value of each output that is read. */
  build(step: Step, builder: Builder): readonly (Value | undefined)[];
}

export type OperatorTable = Readonly<Record<string, OperatorImport>>;
