import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkKnownOptions, checkNotNegative, checkOneOf, checkPositive } from '../../core/options.ts';
import { type AugmentOptions, checkAugment } from '../../data/augment.ts';
import { checkNotEmpty, describeInputs, isLabelled, type LabelledDataset } from '../../data/dataset.ts';
import type { ChannelPlace, Pooling } from '../../onnx/pooling.ts';
import { checkTaps, type Tap } from '../../onnx/taps.ts';
import type { LoadTeacherOptions } from '../../teacher/onnxOptions.ts';
import type { ReadOutputs } from '../../teacher/read.ts';
import type { Trainer, TrainerOptions } from '../../train/trainer.ts';
import { checkGuard, type GuardOptions } from '../guard.ts';
import { checkKeep, type KeepOptions } from '../keep.ts';
import type { TrainHeadOptions } from './head.ts';
import { checkForMethod } from './loraOptions.ts';

/**
 * 'head': a new last layer by gradient steps on the model's features; 'prototypes': one from the mean of each class;
 * 'lora': the model's own classes, with products of low rank that learn beside its weights and are added to them.
 */
export type OnnxMethod = 'head' | 'prototypes' | 'lora';

/** Told where the model's own classes change, and nothing shows what of it. */
export const NOT_MEASURED =
  'What the model forgets of its own is not measured: give examples that it was good at as "base", and to a head some to ' +
  'learn along as "keep".';

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
  /**
   * The value whose features the head reads. Default: of what the last layer reads (`defaultTap`) and what layers before it read
   * the one from which a head answers the examples best, each by what others taught.
   */
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
  /**
   * Whether the classes are the model's own, in its order: 'head' then adds to what the model says, on the way to which no
   * class needs an example. Default: true with `base` or `keep`, and where the model gives as many and what it says of the
   * examples tells more of their labels than chance does; false for 'prototypes' and with `learning`. 'lora' keeps them always.
   */
  readonly keepsClasses?: boolean;
  /** Examples of the model's own classes that it was good at, to measure what is forgotten; they are not learned from. */
  readonly base?: LabelledDataset;
  /** 'head': what keeps the model's own knowledge: `replay`, and `former`; `ewc` is not for heads. Default: nothing. */
  readonly keep?: Omit<KeepOptions, 'ewc'>;
  /**
   * What must not become worse; else the file comes out as it was given. A head that adds is judged by cross-fitting even
   * without. Others are where this is given, or a `holdout`: on a part of the examples, from which a head learns
   * afterwards too and 'lora' does not.
   */
  readonly guard?: GuardOptions;
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
    'keepsClasses',
    'base',
    'keep',
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
  const {
    data,
    holdout,
    labels,
    tap,
    method = 'head',
    augment,
    copies,
    guard,
    base,
    keep,
    seed = 0,
    trainer,
  } = options;
  checkExamples(data, 'data');
  if (holdout !== undefined) checkExamples(holdout, 'holdout');
  if (base !== undefined) checkExamples(base, 'base');
  if (keep !== undefined) checkKeepOfHead(keep);
  for (const [role, other] of Object.entries({ holdout, base, replay: keep?.replay })) {
    if (other === undefined || describeInputs(other) === describeInputs(data)) continue;
    throw new LimbeckError(
      'shape-mismatch',
      `The inputs of "${role}" are ${describeInputs(other)}; the examples' are ${describeInputs(data)}. Both must be alike.`,
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

function checkKeepOfHead(keep: KeepOptions): void {
  checkKeep(keep);
  if (keep.ewc === undefined) return;
  throw new LimbeckError(
    'invalid-option',
    '"keep.ewc" is for methods that take steps, and a head is solved for. Leave it out.',
  );
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
