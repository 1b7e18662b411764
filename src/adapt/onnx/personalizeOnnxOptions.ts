import { LimbeckError } from '../../core/errors.ts';
import { count, flag, given, type OptionsOf, oneOf, type Read, required, schema, text } from '../../core/schema.ts';
import { type AugmentOptions, checkAugment } from '../../data/augmentOptions.ts';
import { describeInputs, type LabelledDataset } from '../../data/dataset.ts';
import { checkTaps, type Tap } from '../../onnx/describe/taps.ts';
import type { LoadTeacherOptions } from '../../teacher/onnxOptions.ts';
import type { ReadOutputs } from '../../teacher/read.ts';
import { checkLabelled } from '../checkExamples.ts';
import type { Method } from '../method.ts';
import { headOnly } from '../methods/headOnly.ts';
import { checkLearning, LEARNING, type LearningOptions, PATCH } from '../personalizeOptions.ts';

/** Noticed if the model's own classes change without examples to measure that. */
export const NOT_MEASURED =
  'What the model forgets of its own is not measured: give examples that it was good at as "base", and some to ' +
  'learn along as "keep".';

const OPTIONS = schema('personalizeOnnx', {
  /** A person's examples. Each class needs one; `lora` needs two of the model's classes. */
  data: required(given<LabelledDataset>()),
  /** Held out of the person's examples. Default: a part of `data`, as `guard` says. */
  holdout: given<LabelledDataset>(),
  /** Examples that the base is good at, to measure what is forgotten; they are not learned from. */
  base: given<LabelledDataset>(),
  /**
   * Names of the classes in their order, new ones among them; written into the file. Default: none, and as many classes as
   * occur. `lora` takes the names of all of the model's own classes.
   */
  labels: given<readonly string[]>(checkNames),
  /**
   * The value whose features the head reads. Default: of what the last layer (`defaultTap`) and the layers before it read,
   * the one on which a head answers the examples best, each by what others taught.
   */
  tap: given<Tap>((tap) => checkTaps([tap])),
  /** Default: 'none' for [B, F], else 'mean' over all places. */
  pooling: oneOf('mean', 'max', 'flatten', 'none')(),
  /** Where features lie in a value with places. Default: 'last' for [B, T, C], else 'first'. */
  channels: oneOf('first', 'last')(),
  /**
   * `headOnly()` and `prototypes()` make a last layer on the model's features: they take new classes, and no gradient goes
   * through the model. `lora()` changes what the model sees, takes a model that `fromOnnx` imports, and costs a step
   * through all of it for each batch: its `targets` are names of weights of MatMul, Gemm and Conv or of their nodes, as
   * `listOnnxWeights` gives them (default: all whose rows and columns the student keeps, which leaves out depthwise
   * convolutions, quantized weights, and weights that several nodes read), and by default it takes 100 steps in 10 passes
   * or more, by Adam at a rate of 0.003. Default: headOnly().
   */
  method: given<Method>(),
  /** How examples are varied, in copies that are learned from too. Default: not. */
  augment: given<AugmentOptions>(),
  /** With `augment`: additional copies of each example. Default: 4. */
  copies: count()(),
  /** How the model's own outputs become 'logits' of the same classes, so that it can be measured before. */
  read: given<ReadOutputs>(),
  /**
   * Whether the classes are the model's own, in its order: a head then adds to the model's logits, and not every
   * class needs an example; otherwise it stands alone. Default: true with `base` or `keep`, and if the model has as many
   * classes and its answers tell more about the labels than chance does. `lora` keeps them always,
   * `prototypes({ strength: 'alone' })` never.
   */
  keepsClasses: flag(),
  /** Whether the file gives 'probs' in addition to 'logits'. Default false. */
  probabilities: flag(false),
  /** Whether the file keeps the model's outputs. Default false. */
  keepOutputs: flag(false),
  /**
   * Name of the new output. Default: 'logits'. With `lora`: the value of the model that holds the classes, [B, C], as
   * logits or as their softmax. Default: the first output.
   */
  output: text(),
  /** Name of the model for messages. Default 'model'. */
  name: text('model'),
  ...LEARNING.fields,
  /** As `loadTeacher` takes it. */
  input: given<LoadTeacherOptions['input']>(),
  /** As `loadTeacher` takes it. */
  device: given<LoadTeacherOptions['device']>(),
  /** As `loadTeacher` takes it. */
  threads: given<LoadTeacherOptions['threads']>(),
  /** As `loadTeacher` takes it. */
  batchSize: given<LoadTeacherOptions['batchSize']>(),
  /** As `loadTeacher` takes it. */
  session: given<LoadTeacherOptions['session']>(),
  /** As `loadTeacher` takes it. */
  worker: given<LoadTeacherOptions['worker']>(),
  /** As `loadTeacher` takes it. */
  assetBase: given<LoadTeacherOptions['assetBase']>(),
});

/** Which examples, on which value of the model, and how. */
export interface PersonalizeOnnxOptions extends LearningOptions, OptionsOf<typeof OPTIONS> {}

/** The options with their defaults. */
export type OnnxSettings = Read<typeof OPTIONS>;

/**
 * Checks everything that needs no example.
 * Throws    invalid-option · empty-dataset · labels-missing · shape-mismatch: the holdout has other inputs
 */
export function checkPersonalizeOnnx(options: PersonalizeOnnxOptions): OnnxSettings {
  const settings = OPTIONS.read(options);
  checkMethod(options);
  const asked = { ...settings, method: settings.method ?? headOnly() };
  checkLearning(asked);
  checkLabelled(asked);
  const { data, holdout, augment, copies, guard, base, keep, trainer, read } = settings;
  for (const [role, other] of Object.entries({ holdout, base, replay: keep?.replay })) {
    if (other === undefined || describeInputs(other) === describeInputs(data)) continue;
    throw new LimbeckError(
      'shape-mismatch',
      `The inputs of "${role}" are ${describeInputs(other)}; the examples' are ${describeInputs(data)}. Both must be alike.`,
    );
  }
  if (augment !== undefined) checkAugment(augment, data.inputs);
  if (copies !== undefined && augment === undefined) {
    throw invalid('"copies" says how many varied copies there are; "augment" must say how.');
  }
  if (read !== undefined && holdout === undefined && guard?.holdoutFraction === 0) {
    throw invalid(
      '"read" is for measuring the model before, and with a "holdoutFraction" of 0 nothing is measured. Give a "holdout".',
    );
  }
  if (trainer !== undefined && 'then' in trainer) {
    throw invalid('"trainer" was a promise; await openTrainer(…) first.');
  }
  return settings;
}

function checkNames(labels: readonly string[]): void {
  if (Array.isArray(labels) && labels.every((one) => typeof one === 'string')) return;
  throw invalid(`"labels" was ${String(labels)}; it must be a list of names.`);
}

/** Options that heads alone read. */
const OF_HEADS = ['tap', 'pooling', 'channels', 'read', 'probabilities', 'keepOutputs', 'keepsClasses'] as const;
/** What to write instead of the methods' former names. */
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
  if (name === 'lora') checkLora(options, given);
  const wanted = keepsClasses === true ? '"keepsClasses"' : keep !== undefined ? '"keep"' : undefined;
  const denied = standsAlone(method) ? "prototypes({ strength: 'alone' })" : '"keepsClasses: false"';
  if (name === 'lora' || wanted === undefined || (keepsClasses !== false && !standsAlone(method))) return;
  throw invalid(
    `${wanted} is for a head that adds to the model’s logits, but ${denied} asks for one that stands alone. Leave one out.`,
  );
}

function checkLora(options: PersonalizeOnnxOptions, { targets, withBiases }: Method['options']): void {
  const unread = OF_HEADS.find((name) => options[name] !== undefined);
  if (unread !== undefined) {
    throw invalid(`The method "lora" does not read "${unread}"; "headOnly" and "prototypes" read it. Leave it out.`);
  }
  if (withBiases === true) {
    throw invalid(
      '"withBiases" is for students: only products of low rank are written into an ONNX file. Leave it out.',
    );
  }
  const isNames = targets === undefined || (Array.isArray(targets) && targets.every((one) => typeof one === 'string'));
  if (isNames && (targets as readonly string[] | undefined)?.length !== 0) return;
  throw invalid(
    `"targets" was ${isNames ? 'empty' : String(targets)}; it must be names of weights or nodes, as listOnnxWeights gives them.`,
  );
}

/** The method of a run. A class may have one example: heads and `lora` are still better than class means then. */
export function methodOf({ method = headOnly() }: Pick<OnnxSettings, 'method'>): Method {
  return { ...method, takesOneExample: true };
}

/** Whether a method ignores the model's own logits. */
export function standsAlone({ name, options }: Method): boolean {
  return name === 'prototypes' && options['strength'] === 'alone';
}

/** What every method reads, as `learnPatch` takes it. A file holds float32. */
export function learnOptionsOf({ guard, keep, budget, seed }: OnnxSettings) {
  return { ...PATCH.read({ precision: 'float32' }), guard, keep, budget, seed };
}

function invalid(message: string): LimbeckError {
  return new LimbeckError('invalid-option', message);
}
