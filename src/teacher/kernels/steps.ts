import type { OnnxNode } from '../../onnx/model.ts';

/** A stored tensor as numbers; int64 as numbers too. */
export interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** One operation of a program: a node of ONNX, or one of the engine's that stands for several. */
export interface Step {
  readonly op: string;
  readonly node: OnnxNode;
}

/** A model as steps in order, apart from the shapes that it is run with. */
export interface Program {
  readonly steps: readonly Step[];
  readonly constants: ReadonlyMap<string, Stored>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly opset: number;
}
