import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { NamedArrays } from '../core/shape.ts';
import type { Tf } from '../runtime/tfNamespace.ts';

/** What a loss may read for one batch: named outputs of both models, and what else it asked for. */
export interface LossTensors {
  readonly student: Readonly<Record<string, Tensor>>;
  /** Maps of four dimensions are [B, H, W, C], as the student's are, whatever the teacher's own order. */
  readonly teacher: Readonly<Record<string, Tensor>>;
  /** Classes [B] int32, where there are any. */
  readonly labels?: Tensor1D;
  /** The sequence of each example [B, L] int32, with −1 behind its end, where the loss reads them. */
  readonly sequences?: Tensor2D;
  /** The number of each example in the dataset [B] int32, where the loss reads them. */
  readonly indices?: Tensor1D;
  /** How much each example counts [B], where the loss reads that. */
  readonly exampleWeights?: Tensor1D;
  /** What the loss's own `numbers` gave for this step [K]. */
  readonly numbers?: Tensor1D;
  /** What the loss's own `parameters` asked for, by name. */
  readonly parameters?: Readonly<Record<string, Tensor>>;
}

/** The outputs that a loss needs; `distill` compares them with what is offered before it starts. */
export interface LossReads {
  /** Outputs of the student, or names of its layers. */
  readonly student: readonly string[];
  readonly teacher: readonly string[];
  readonly labels: boolean;
  readonly sequences?: boolean;
  readonly indices?: boolean;
  readonly exampleWeights?: boolean;
}

/** What a loss will get, without the batch; a free length is null. */
export interface LossShapes {
  readonly student: Readonly<Record<string, readonly (number | null)[]>>;
  readonly teacher: Readonly<Record<string, readonly (number | null)[]>>;
  /** Examples in a batch, and in the dataset. */
  readonly batchSize: number;
  readonly examples: number;
}

/** The sequences of some examples: N of length L in one array, with −1 behind the end of each. */
export interface Sequences {
  readonly values: Int32Array;
  readonly length: number;
  /** The number of the first of these examples in the dataset. */
  readonly first: number;
}

/** Something that a loss learns along with the student, such as a regressor, or remembers, such as a bank of embeddings. */
export interface LossParameter {
  readonly shape: readonly number[];
  /** One number for all; or random: uniform by Glorot's rule (the last axis is what goes out), or normal of deviation 1. */
  readonly initial: number | 'glorot-uniform' | 'standard-normal';
  /** False for what is remembered: the loss assigns it itself. Default true. */
  readonly isTrained?: boolean;
}

/** How far a run is. */
export interface Progress {
  /** Counted from 0 over the whole run. */
  readonly step: number;
  readonly steps: number;
  /** Counted from 1. */
  readonly epoch: number;
  readonly epochs: number;
}

/**
 * In: named outputs of teacher and student. Out: one scalar to make smaller.
 * `name` and `options` are plain values: they cross to a worker, where the loss is made again.
 */
export interface Loss {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The losses inside this one, if it combines others. */
  readonly terms?: readonly Loss[];
  readonly reads: LossReads;
  /**
   * True where `compute` is the same function of its tensors at every step, so that a recorded step may be replayed
   * without calling it. It may assign parameters that are not trained, as what it remembers; it may not draw random
   * numbers. Default false.
   */
  readonly isStatic?: boolean;
  /**
   * Whether examples without a label (`UNLABELLED`, −1) may be among the labelled ones: they add
   * nothing, or the teacher's answer replaces the label. Default false.
   */
  readonly allowsUnlabelled?: boolean;
  /**
   * What it compares, where these are not classes; metrics depend on it. 'values' are numbers with a meaning of their
   * own, 'quantiles' are limits of such numbers, 'points' are places and 'boxes' areas of a picture, 'embeddings' are points in a
   * space of features, 'scores' order the candidates of a list, 'tokens' follow each other in a text. Default: classes.
   */
  readonly compares?: 'values' | 'quantiles' | 'points' | 'boxes' | 'embeddings' | 'scores' | 'tokens';
  /**
   * Says what is wrong with these shapes, before the first step. Without it the teacher's outputs must have the shape of
   * the student's of the same name.
   * Throws    shape-mismatch · class-mismatch · invalid-option
   */
  check?(shapes: LossShapes): void;
  /**
   * Says what is wrong with these sequences, before the first step; the student's shapes are without the batch.
   * Throws    class-mismatch · sequence-too-long
   */
  checkSequences?(sequences: Sequences, student: LossShapes['student']): void;
  /**
   * Says what is wrong with the teacher's answers for the first batch, before the first step.
   * Throws    invalid-box
   */
  checkAnswers?(teacher: NamedArrays): void;
  /** What it learns or remembers along with the student; made from the run's seed, and freed with it. */
  parameters?(shapes: LossShapes): Readonly<Record<string, LossParameter>>;
  /** Numbers that change from step to step and are known before each, such as scheduled weights; always as many. */
  numbers?(progress: Progress): readonly number[];
  /** Differentiable in the student's tensors and in trained parameters only. Called inside a tidy; returns one scalar. */
  compute(tf: Tf, tensors: LossTensors): Scalar;
  /** The same for each example [B], where the loss is their mean: what per-example weights need. */
  perExample?(tf: Tf, tensors: LossTensors): Tensor1D;
}

/** The same values, through which no gradient passes. */
export function stopGradient<T extends Tensor>(tf: Tf, tensor: T): T {
  const blocked = tf.customGrad((x) => ({
    value: (x as Tensor).clone(),
    gradFunc: (dy: Tensor) => tf.zerosLike(dy),
  }));
  return blocked(tensor) as T;
}

/** The tensor of that name; `distill` has checked that it is there. */
export function named(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined)
    throw new Error(`The output "${name}" is missing; there are ${Object.keys(tensors).join(', ')}.`);
  return tensor;
}

/** The parameter of that name; the engine has made it. */
export function parameter({ parameters = {} }: LossTensors, name: string): Tensor {
  const tensor = parameters[name];
  if (tensor === undefined) throw new Error(`The loss's parameter "${name}" is missing.`);
  return tensor;
}
