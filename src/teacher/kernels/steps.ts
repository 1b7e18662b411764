import type { OnnxNode } from '../../onnx/model.ts';
import type { Curve } from '../../runtime/kernels/matmul/gemm.ts';

/** A stored tensor as numbers; int64 as numbers too. */
export interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** What ends a product: a factor and a bias for each output channel, then an activation. */
export interface Epilogue {
  scale?: Float64Array;
  bias?: Float64Array;
  activation: 'linear' | 'line' | 'gate';
  curve?: Curve;
}

/** One operation of a program: an ONNX node, or several of them in one. */
export interface Step {
  op: string;
  inputs: string[];
  outputs: string[];
  readonly node: OnnxNode;
  epilogue?: Epilogue;
  /** What 'Line' and 'Gate' compute. */
  curve?: Curve;
}

/** A model as steps in order, apart from the shapes that it is run with. */
export interface Program {
  readonly steps: readonly Step[];
  readonly constants: ReadonlyMap<string, Stored>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly opset: number;
}

/** The steps of a graph while they are rewritten, with who makes and who reads each value. */
export interface Draft {
  steps: Step[];
  readonly constants: Map<string, Stored>;
  readonly outputs: ReadonlySet<string>;
  maker(name: string): Step | undefined;
  /** The only reader of a value that is no output of the model. */
  onlyReader(name: string): Step | undefined;
  /** The value of a constant of one element. */
  scalar(name: string | undefined): number | undefined;
  remove(step: Step): void;
}
