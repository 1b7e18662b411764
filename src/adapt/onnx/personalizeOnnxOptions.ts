import { LimbeckError } from '../../core/errors.ts';
import {
  checkCount,
  checkFraction,
  checkKnownOptions,
  checkNotNegative,
  checkOneOf,
  checkPositive,
} from '../../core/options.ts';
import { type AugmentOptions, checkAugment } from '../../data/augment.ts';
import { checkNotEmpty, describeInputs, isLabelled, type LabelledDataset } from '../../data/dataset.ts';
import type { ChannelPlace, Pooling } from '../../onnx/pooling.ts';
import { checkTaps, type Tap } from '../../onnx/taps.ts';
import type { LoadTeacherOptions } from '../../teacher/onnxOptions.ts';
import type { ReadOutputs } from '../../teacher/read.ts';
import type { Trainer, TrainerOptions } from '../../train/trainer.ts';
import type { TrainHeadOptions } from './head.ts';
import { checkForMethod } from './loraOptions.ts';

/**
 * 'head': a new last layer by gradient steps on the model's features; 'prototypes': one from the mean of each class;
 * 'lora': the model's own classes, with products of low rank that learn beside its weights and are added to them.
 */
export type OnnxMethod = 'head' | 'prototypes' | 'lora';

/** When what was learned is not good enough to be written. */
export interface OnnxGuard {
  /**
   * Without a `holdout`: the share of the examples on which it is measured. A head learns from all of them afterwards;
   * 'lora' does not learn again. Default 0.2.
   */
  readonly holdoutFraction?: number;
  /** With `read`, and with 'lora': how much of 1 the accuracy may lie below the model's own. Default 0. */
  readonly toleranceFraction?: number;
}

/** Which examples, on which value of the model, and how. */
export interface PersonalizeOnnxOptions
  extends Pick<LoadTeacherOptions, 'input' | 'device' | 'threads' | 'batchSize' | 'session' | 'worker' | 'assetBase'> {
  /** A person's examples. Each class must have one; with 'lora', two of the model's classes. */
  readonly data: LabelledDataset;
  /**
   * Names of the classes in their order, new ones among them; written into the file. Default: none, and as many as occur.
   * With 'lora' the model's own classes, all of them.
   */
  readonly labels?: readonly string[];
  /** Examples that are never learned from; the accuracy is measured on them. */
  readonly holdout?: LabelledDataset;
  /** The value whose features the head reads. Default: what the model's last layer reads (`defaultTap`). */
  readonly tap?: Tap;
  /** Default: 'none' for [B, F], else 'mean' over all places. */
  readonly pooling?: Pooling;
  /** Where features lie in a value with places: default 'last' for [B, T, C], else 'first'. */
  readonly channels?: ChannelPlace;
  /**
   * 'head' and 'prototypes' take new classes and need no gradient through the model. 'lora' changes what the model sees,
   * takes a model that `fromOnnx` imports, and costs a step through all of it for each batch.
   * Default 'head', which on digits seen by a text reader is about as good as the means of the classes from one example
   * of each, and better from two on.
   */
  readonly method?: OnnxMethod;
  /**
   * How 'head' and 'lora' learn: at least so many `steps`, in whole passes, by Adam. See `trainHead` for the defaults of a
   * head; 'lora': 100 steps in 10 passes or more, rate 0.003, no decay.
   */
  readonly learning?: Pick<TrainHeadOptions, 'steps' | 'learningRate' | 'weightDecay'>;
  /** 'lora': rank of the products. A weight that is no larger than its product learns whole. Default 4. */
  readonly rank?: number;
  /** 'lora': products count alpha ÷ rank times. Default 2 · rank. */
  readonly alpha?: number;
  /**
   * 'lora': which weights of MatMul, Gemm and Conv learn, by their names or those of their nodes, as `listOnnxWeights` gives
   * them. Default: all whose rows and columns the student keeps, which leaves out depthwise convolutions, quantized weights,
   * and weights that several nodes read.
   */
  readonly targets?: readonly string[];
  /**
   * How examples are varied: in copies that the backbone is asked about too, or with 'lora' anew in each pass. Default: not.
   */
  readonly augment?: AugmentOptions;
  /** With `augment` and a head: copies beside each example. Default 4. */
  readonly copies?: number;
  /** How the model's own outputs become 'logits' of the same classes, so that it can be measured before. */
  readonly read?: ReadOutputs;
  readonly guard?: OnnxGuard;
  /** Whether the file gives 'probs' beside 'logits'. Default false. */
  readonly probabilities?: boolean;
  /** Whether the file keeps the outputs that the model has. Default false. */
  readonly keepOutputs?: boolean;
  /**
   * Name of the new output; default 'logits'. With 'lora': the value of the model that holds the classes, [B, C], as logits
   * or as their softmax; default the first output.
   */
  readonly output?: string;
  /** Name of the model for messages. Default 'model'. */
  readonly name?: string;
  /**
   * An open trainer, which stays open; or how to open the page's. Default: the page's, which one run has at a time: a run
   * that this one waits for (its teacher's or its data's) needs a trainer of its own.
   */
  readonly trainer?: Trainer | TrainerOptions;
  /** Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

const KNOWN = [
  ...[
    'data',
    'labels',
    'holdout',
    'tap',
    'pooling',
    'channels',
    'method',
    'learning',
    'rank',
    'alpha',
    'targets',
    'augment',
    'copies',
    'read',
    'guard',
  ],
  ...['probabilities', 'keepOutputs', 'output', 'name', 'trainer', 'seed', 'signal'],
  ...['input', 'device', 'threads', 'batchSize', 'session', 'worker', 'assetBase'],
];

/**
 * What can be told before an example is read.
 * Throws    invalid-option · empty-dataset · labels-missing · shape-mismatch: the holdout has other inputs
 */
export function checkPersonalizeOnnx(options: PersonalizeOnnxOptions): void {
  checkKnownOptions(options, KNOWN, 'personalizeOnnx');
  const { data, holdout, labels, tap, method = 'head', augment, copies, guard, seed = 0, trainer } = options;
  checkExamples(data, 'data');
  if (holdout !== undefined) checkExamples(holdout, 'holdout');
  if (holdout !== undefined && describeInputs(holdout) !== describeInputs(data)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The holdout's inputs are ${describeInputs(holdout)}; the examples' are ${describeInputs(data)}. Both must be alike.`,
    );
  }
  const isNames = labels === undefined || (Array.isArray(labels) && labels.every((one) => typeof one === 'string'));
  if (!isNames) throw new LimbeckError('invalid-option', `"labels" was ${String(labels)}; it must be a list of names.`);
  if (tap !== undefined) checkTaps([tap]);
  if (options.pooling !== undefined) checkOneOf(options.pooling, 'pooling', ['mean', 'max', 'flatten', 'none']);
  if (options.channels !== undefined) checkOneOf(options.channels, 'channels', ['first', 'last']);
  checkOneOf(method, 'method', ['head', 'prototypes', 'lora']);
  checkForMethod(options);
  if (augment !== undefined) checkAugment(augment, data.inputs);
  if (copies !== undefined) checkCount(copies, 'copies');
  if (copies !== undefined && augment === undefined) {
    throw new LimbeckError('invalid-option', '"copies" says how many varied copies there are; "augment" must say how.');
  }
  checkCount(seed, 'seed', 0);
  if (options.learning !== undefined) checkLearning(options.learning);
  if (guard !== undefined) checkGuard(guard);
  if (options.read !== undefined && holdout === undefined && guard === undefined) {
    throw new LimbeckError(
      'invalid-option',
      '"read" is for measuring the model before; give a "holdout", or a "guard", which holds some examples out.',
    );
  }
  if (trainer !== undefined && 'then' in trainer) {
    throw new LimbeckError('invalid-option', '"trainer" was a promise; await openTrainer(…) first.');
  }
}

function checkLearning(learning: NonNullable<PersonalizeOnnxOptions['learning']>): void {
  checkKnownOptions(learning, ['steps', 'learningRate', 'weightDecay'], 'learning');
  const { steps, learningRate, weightDecay } = learning;
  if (steps !== undefined) checkCount(steps, 'learning.steps');
  if (learningRate !== undefined) checkPositive(learningRate, 'learning.learningRate');
  if (weightDecay !== undefined) checkNotNegative(weightDecay, 'learning.weightDecay');
}

function checkGuard(guard: OnnxGuard): void {
  checkKnownOptions(guard, ['holdoutFraction', 'toleranceFraction'], 'guard');
  if (guard.holdoutFraction !== undefined) checkFraction(guard.holdoutFraction, 'guard.holdoutFraction');
  if (guard.toleranceFraction !== undefined) checkFraction(guard.toleranceFraction, 'guard.toleranceFraction');
}

function checkExamples(data: LabelledDataset, role: string): void {
  if (typeof data?.read !== 'function') {
    throw new LimbeckError(
      'invalid-option',
      `"${role}" must be examples; make them with fromArrays(…) or fromImages(…).`,
    );
  }
  checkNotEmpty(data, role);
  if (isLabelled(data)) return;
  throw new LimbeckError(
    'labels-missing',
    `The ${role} has no labels, and classes are learned from labels. Give labelled examples.`,
  );
}
