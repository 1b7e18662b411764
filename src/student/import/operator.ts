import type { Attributes } from '../../onnx/operator.ts';
import type { Call } from '../../onnx/shapes/call.ts';
import type { Inferred } from '../../onnx/shapes/tensor.ts';
import type { layers, SymbolicTensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';

type Layer = InstanceType<typeof layers.Layer>;

/**
 * A value of an ONNX model as it lies in the student. Its axes may stand in another order than the model's, with the
 * batch first and mostly the channels last, and axes of length 1 may be left out.
 */
export interface Value {
  readonly tensor: SymbolicTensor;
  /** The model's axis at each axis of the tensor. */
  readonly axes: readonly number[];
  /** The number of axes that the model gives it. */
  readonly rank: number;
  /** Set where the last axis was flattened from several that lay in another order than the model's. */
  readonly shuffle?: Shuffle;
}

/** The axes that an axis was flattened from. */
export interface Shuffle {
  /** Their lengths in the model's order. */
  readonly lengths: readonly number[];
  /** Which of them lay where, outermost first. */
  readonly order: readonly number[];
}

/** A stored value, its elements as numbers in row-major order. */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** Whether the model stores it as floating-point numbers, which may learn. */
  readonly isFloat: boolean;
  /** Set where it stands among the model's weights; one that a node makes does not. */
  readonly isParameter?: boolean;
}

/** A node with all that is known about it before anything is built. */
export interface Step extends Call {
  /** The node's name, or that of its first output. */
  readonly name: string;
  readonly outputs: readonly Inferred[];
  /** The stored value that it reads there; undefined where it is computed or left out. */
  constant(index: number): Constant | undefined;
}

/** What an `OnnxOperator` layer reads: a tensor, a number that stays, or values that are weights. */
export type Operand = SymbolicTensor | number | { readonly weight: Constant; readonly isFixed?: boolean };

/** One `OnnxOperator` layer to be. */
export interface OperatorPlan {
  /** ONNX's small name, such as 'reduceMean'. */
  readonly operator: string;
  readonly operands: readonly Operand[];
  readonly attributes?: Attributes;
  /** Of the result, null where a length is free. */
  readonly shape: readonly (number | null)[];
}

/** What builds the student, layer by layer. */
export interface Builder {
  readonly tf: Tf;
  /** What a node reads at an input, as computed so far. */
  value(step: Step, index: number): Value;
  /** The tensor of a value with exactly these axes of the model in this order, which may need a layer or two. */
  arrange(value: Value, axes: readonly number[]): SymbolicTensor;
  /** A layer's name, after the weight that it holds or else after its node; no other layer has it. */
  name(step: Step, weight?: Constant): string;
  /** A name like this one that tfjs takes and no other layer has. */
  plainName(wanted: string): string;
  /** Applies a layer and notes the values that its weights have, in the order of `layer.weights`. */
  apply(
    layer: Layer,
    input: SymbolicTensor | readonly SymbolicTensor[],
    weights?: readonly Float32Array[],
  ): SymbolicTensor;
  /** Applies an `OnnxOperator`. */
  operate(step: Step, plan: OperatorPlan): SymbolicTensor;
  /** The only node that reads this one's first output; undefined where several do or the model gives it. */
  follower(step: Step): Step | undefined;
  /** Says that a later node's first output is this value already: it was merged into an earlier layer. */
  settle(step: Step, value: Value): void;
}

/** How the nodes of one operator become layers. Files of `operators/` export tables of them. */
export interface OperatorImport {
  /** Why this node cannot be imported; undefined where it can. */
  refuse?(step: Step): string | undefined;
  /** The value of each output, those that nothing reads left out. */
  build(step: Step, builder: Builder): readonly (Value | undefined)[];
}

export type OperatorTable = Readonly<Record<string, OperatorImport>>;
