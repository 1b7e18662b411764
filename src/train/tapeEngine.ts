import * as tf from '../runtime/tf.ts';

/** One operation of a forward pass, as tfjs keeps it for the backward pass. */
export interface TapeNode {
  readonly inputs: tf.NamedTensorMap;
  readonly outputs: readonly tf.Tensor[];
  /** What its gradient reads, in an array that the gradient shares. */
  readonly saved: tf.Tensor[];
  gradient?: Gradient;
}

/** From the gradients of an operation's outputs, where there are any, to those of its inputs. */
export type Gradient = (dys: readonly (tf.Tensor | undefined)[]) => Record<string, () => tf.Tensor>;

/** A kernel of tfjs, or a function with a gradient of its own. */
export interface EngineCall {
  readonly kernelName?: string;
  readonly forwardFunc?: unknown;
  readonly inputs: tf.NamedTensorMap;
  readonly attrs?: unknown;
}

export type GradientFunction = Parameters<typeof tf.customGrad>[0];

/** What tfjs's engine has, and does not declare. */
export interface TapeEngine {
  runKernelFunc(call: EngineCall): tf.Tensor | tf.Tensor[];
  customGrad(work: GradientFunction): (...inputs: tf.Tensor[]) => tf.Tensor;
  isTapeOn(): boolean;
  clone(tensor: tf.Tensor): tf.Tensor;
  keep(tensor: tf.Tensor): tf.Tensor;
  readonly state: { activeTape: TapeNode[] | null; gradientDepth: number; kernelDepth: number };
}

export const tapeEngine = (): TapeEngine => tf.engine() as unknown as TapeEngine;
