import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { Tf } from '../runtime/tfNamespace.ts';

/** What a loss may read: named outputs of both models for one batch, and labels [B] where there are any. */
export interface LossTensors {
  readonly student: Readonly<Record<string, Tensor>>;
  readonly teacher: Readonly<Record<string, Tensor>>;
  readonly labels?: Tensor1D;
}

/** The outputs that a loss needs; `distill` compares them with what is offered before it starts. */
export interface LossReads {
  readonly student: readonly string[];
  readonly teacher: readonly string[];
  readonly labels: boolean;
}

/**
 * In: named outputs of teacher and student. Out: one scalar to make smaller.
 * `name` and `options` are plain values: they are what crosses to a worker, where the loss is made again.
 */
export interface Loss {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The losses inside this one, if it combines others. */
  readonly terms?: readonly Loss[];
  readonly reads: LossReads;
  /**
   * True where `compute` is the same function of its tensors at every step, so that a recorded step may be replayed
   * without calling it. Not so where it counts steps or draws random numbers. Default false.
   */
  readonly isStatic?: boolean;
  /** Differentiable in the student's tensors only. Called inside a tidy; returns one scalar. */
  compute(tf: Tf, tensors: LossTensors): Scalar;
}

/** The same values, through which no gradient passes. */
export function stopGradient<T extends Tensor>(tf: Tf, tensor: T): T {
  const blocked = tf.customGrad((x) => ({
    value: (x as Tensor).clone(),
    gradFunc: (dy: Tensor) => tf.zerosLike(dy),
  }));
  return blocked(tensor) as T;
}

/** The tensor of that name; `distill` has made sure that it is there. */
export function named(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined)
    throw new Error(`The output "${name}" is missing; there are ${Object.keys(tensors).join(', ')}.`);
  return tensor;
}
