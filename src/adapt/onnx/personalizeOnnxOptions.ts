import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkKnownOptions, checkOneOf } from '../../core/options.ts';
import { type AugmentOptions, checkAugment } from '../../data/augment.ts';
import { describeInputs, type LabelledDataset } from '../../data/dataset.ts';
import { checkTaps, type Tap } from '../../onnx/describe/taps.ts';
import type { ChannelPlace, Pooling } from '../../onnx/edit/pooling.ts';
import type { LoadTeacherOptions } from '../../teacher/onnxOptions.ts';
import type { ReadOutputs } from '../../teacher/read.ts';
import { checkLearning } from '../checkPersonalize.ts';
import type { Method } from '../method.ts';
import { headOnly } from '../methods/headOnly.ts';
import type { LearnOptions, PersonalizeOptions } from '../personalizeOptions.ts';

/** Told where the model's own classes change, and nothing shows what of it. */
export const NOT_MEASURED =
  'What the model forgets of its own is not measured: give examples that it was good at as "base", and some to ' +
  'learn along as "keep".';

/** Which examples, on which value of the model, and how. */
export interface PersonalizeOnnxOptions
  extends Pick<LoadTeacherOptions, 'input' | 'device' | 'threads' | 'batchSize' | 'session' | 'worker' | 'assetBase'>,
    Pick<PersonalizeOptions, 'holdout' | 'base' | 'keep' | 'guard' | 'budget' | 'trainer' | 'seed' | 'signal'> {
  /** A person's examples. Each class must have one; with `lora`, two of the model's classes. */
  readonly data: LabelledDataset;
  /**
   * Names of the classes in their order, new ones among them; written into the file. Default: none, and as many as occur.
   * With `lora` the model's own classes, all of them.
   */
  readonly labels?: readonly string[];
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
   * `headOnly()` and `prototypes()` make a last layer on the model's features: they take new classes, and no gradient goes
   * through the model. `lora()` changes what the model sees, takes a model that `fromOnnx` imports, and costs a step through
   * all of it for each batch: its `targets` are names of weights of MatMul, Gemm and Conv or of their nodes, as
   * `listOnnxWeights` gives them (default: all whose rows and columns the student keeps, which leaves out depthwise
   * convolutions, quantized weights, and weights that several nodes read), and by default it takes 100 steps in 10 passes or
   * more, by Adam at a rate of 0.003. Default `headOnly()`.
   */
  readonly method?: Method;
  /** How examples are varied, in copies that are learned from too. Default: not. */
  readonly augment?: AugmentOptions;
  /** With `augment`: copies beside each example. Default 4. */
  readonly copies?: number;
  /** How the model's own outputs become 'logits' of the same classes, so that it can be measured before. */
  readonly read?: ReadOutputs;
  /**
   * Whether the classes are the model's own, in its order: a head then adds to what the model says, on the way to which no
   * class needs an example; else it stands alone. Default: true with `base` or `keep`, and where the model gives as many and
   * what it says of the examples tells more of their labels than chance does. `lora` keeps them always,
   * `prototypes({ strength: 'alone' })` never.
   */
  readonly keepsClasses?: boolean;
  /** Whether the file gives 'probs' beside 'logits'. Default false. */
  readonly probabilities?: boolean;
  /** Whether the file keeps the outputs that the model has. Default false. */
  readonly keepOutputs?: boolean;
  /**
   * Name of the new output; default 'logits'. With `lora`: the value of the model that holds the classes, [B, C], as logits
   * or as their softmax; default the first output.
   */
  readonly output?: string;
  /** Name of the model for messages. Default 'model'. */
  readonly name?: string;
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
    'augment',
    'copies',
    'read',
    'guard',
    'keepsClasses',
    'base',
    'keep',
    'budget',
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
  checkMethod(options);
  checkLearning({ ...options, method: options.method ?? headOnly() });
  const { data, holdout, labels, tap, augment, copies, guard, base, keep, trainer } = options;
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
  if (augment !== undefined) checkAugment(augment, data.inputs);
  if (copies !== undefined) checkCount(copies, 'copies');
  if (copies !== undefined && augment === undefined) {
    throw new LimbeckError('invalid-option', '"copies" says how many varied copies there are; "augment" must say how.');
  }
  if (options.read !== undefined && holdout === undefined && guard?.holdoutFraction === 0) {
    throw new LimbeckError(
      'invalid-option',
      '"read" is for measuring the model before, and with a "holdoutFraction" of 0 nothing is measured. Give a "holdout".',
    );
  }
  if (trainer !== undefined && 'then' in trainer) {
    throw new LimbeckError('invalid-option', '"trainer" was a promise; await openTrainer(…) first.');
  }
}

/** Options that heads alone read. */
const OF_HEADS = ['tap', 'pooling', 'channels', 'read', 'probabilities', 'keepOutputs', 'keepsClasses'] as const;
/** What to write for the methods' former names. */
const FORMER: Readonly<Record<string, string>> = { head: 'headOnly()', prototypes: 'prototypes()', lora: 'lora()' };

/** Throws    invalid-option: no method, one that cannot be written into a file, or an option that it does not read */
function checkMethod(options: PersonalizeOnnxOptions): void {
  const { method = headOnly(), keepsClasses, keep } = options;
  if (typeof method?.learn !== 'function') {
    const instead = FORMER[String(method)] ?? 'headOnly(), prototypes() or lora()';
    throw invalid(
      `"method" was ${JSON.stringify(method)}; methods are those of personalize. Write method: ${instead}.`,
    );
  }
  const { name, options: given } = method;
  if (!['headOnly', 'prototypes', 'lora'].includes(name)) {
    throw invalid(
      `The method "${name}" makes nothing that can be written into an ONNX file. Give headOnly(), prototypes() or lora().`,
    );
  }
  if (keepsClasses !== undefined && typeof keepsClasses !== 'boolean') {
    throw invalid(`"keepsClasses" was ${String(keepsClasses)}; it must be true or false.`);
  }
  if (name === 'lora') checkLora(options, given);
  const wanted = keepsClasses === true ? '"keepsClasses"' : keep !== undefined ? '"keep"' : undefined;
  const denied = standsAlone(method) ? "prototypes({ strength: 'alone' })" : '"keepsClasses: false"';
  if (name === 'lora' || wanted === undefined || (keepsClasses !== false && !standsAlone(method))) return;
  throw invalid(
    `${wanted} is for a head that adds to what the model says, and ${denied} asks for one that stands alone. Leave one out.`,
  );
}

function checkLora(options: PersonalizeOnnxOptions, { targets, withBiases }: Method['options']): void {
  const unread = OF_HEADS.find((name) => options[name] !== undefined);
  if (unread !== undefined) {
    throw invalid(`The method "lora" does not read "${unread}"; "headOnly" and "prototypes" read it. Leave it out.`);
  }
  if (withBiases === true) {
    throw invalid(
      '"withBiases" is for students: into an ONNX file products of low rank are written alone. Leave it out.',
    );
  }
  const isNames = targets === undefined || (Array.isArray(targets) && targets.every((one) => typeof one === 'string'));
  if (isNames && (targets as readonly string[] | undefined)?.length !== 0) return;
  throw invalid(
    `"targets" was ${isNames ? 'empty' : String(targets)}; it must be names of weights or nodes, as listOnnxWeights gives them.`,
  );
}

/** The method of a run. A class may have one example: a head is then still better than class means, and so is `lora`. */
export function methodOf({ method = headOnly() }: PersonalizeOnnxOptions): Method {
  return { ...method, takesOneExample: true };
}

/** Whether a method leaves out what the model says of its classes. */
export function standsAlone({ name, options }: Method): boolean {
  return name === 'prototypes' && options['strength'] === 'alone';
}

/** What every method reads, as `learnPatch` takes it. */
export function learnOptionsOf({ guard, keep, budget, seed }: PersonalizeOnnxOptions) {
  const known: Partial<LearnOptions> = {
    ...{
      ...(guard && { guard }),
      ...(keep && { keep }),
      ...(budget && { budget }),
      ...(seed !== undefined && { seed }),
    },
    // A file holds float32.
    precision: 'float32',
  };
  return known;
}

function invalid(message: string): LimbeckError {
  return new LimbeckError('invalid-option', message);
}
