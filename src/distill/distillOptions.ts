import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../core/errors.ts';
import { count, given, type OptionsOf, oneOf, required, schema } from '../core/schema.ts';
import type { Dataset, LabelledDataset } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import type { Student } from '../student/student.ts';
import type { Teacher } from '../teacher/teacher.ts';
import { checkMetrics, type Metric, OUTPUT_KINDS } from '../train/metric.ts';
import { checkOptimizer, type OptimizerOptions } from '../train/optimizerOptions.ts';
import { PART_FIELDS, type PartOptions } from '../train/parts/options.ts';
import type { Trainer, TrainerOptions } from '../train/trainer.ts';
import type { ReproducibleWith } from './report.ts';

export const CONTROL = schema('control', {
  /**
   * Labelled examples; if there are fewer than in the run, they repeat until the number of steps is the same.
   * Default: the run's own data, if it has labels.
   */
  data: given<LabelledDataset>(),
});

/** What the student without a teacher learns from. */
export interface ControlOptions extends OptionsOf<typeof CONTROL> {}

/** What `distill` takes in each of several rounds too; schemes spread its fields. `checkOptions` checks combinations. */
export const ROUND = schema('distill', {
  /** May be left out if the loss reads nothing of it: labels, peers of a cohort or the self teacher may be enough. */
  teacher: given<Teacher>(),
  /** A student of the zoo, or any tfjs LayersModel; it gets the trained weights. */
  student: required(given<Student | LayersModel>()),
  /** The training data. Only losses that read labels use them. */
  data: required(given<Dataset | LabelledDataset>()),
  /**
   * What the teacher sees, if it differs from what the student sees: its example i belongs to the student's example i, such
   * as the photo of a sound (cross-modal), or the clean version of a noisy one. Its labels are not used. Default: `data`.
   */
  teacherData: given<Dataset>(),
  /** Examples that are never trained on, for metrics after every epoch. */
  holdout: given<Dataset | LabelledDataset>(),
  /** Metrics of your own, measured on the holdout in addition to limbeck's, which depend on `outputKind`. */
  metrics: given<readonly Metric[]>(checkMetrics),
  /**
   * The kind of the measured output, the first that the loss reads: 'classes' (accuracy, agreement, calibration), 'values'
   * (R², RMSE, MAE), 'quantiles' (interval coverage), 'points' (normalised error, correct points), 'boxes' (overlap), 'embeddings'
   * (cosine, neighbours kept), 'scores' of candidates (NDCG, Kendall's tau, MRR, recall) or 'tokens' of texts (perplexity).
   * Default: what all losses that read it say, such as regression() and listNet(); else 'values' for one number per example,
   * otherwise 'classes'.
   */
  outputKind: oneOf(...OUTPUT_KINDS)(),
  /** What the teacher sees of the holdout; needed with `teacherData`. */
  teacherHoldout: given<Dataset>(),
  /** Default: softTargets(). */
  loss: given<Loss>(checkIsLoss),
  /** Default: 6 for 8,000 examples or more, else 6 · √(8000 / examples), rounded up, 60 at most: 31 for 300. */
  epochs: count()(),
  /** Default 64. */
  batchSize: count()(64),
  /** How many examples to ask the teacher at a time. Default: what suits the teacher, found while it is asked, else 32. */
  teacherBatchSize: count()(),
  /**
   * Whether the teacher's feature maps (outputs of four dimensions) are [B, C, H, W] or, as the student's, [B, H, W, C].
   * Losses see them as the student's. Default: 'first' for ONNX models without a `read` function, else 'last'.
   */
  teacherChannels: oneOf('first', 'last')(),
  /** Memory for the teacher's answers on this page; if they need more, it is asked in every epoch. Default 512e6. */
  answerMemoryBytes: count(0)(512e6),
  /** How weights follow their gradients. Default: adam at a learning rate of 0.001. */
  optimizer: given<OptimizerOptions>(checkOptimizer),
  /**
   * Whether to train the same student once more without a teacher, by cross-entropy with labels, from the same start and for
   * as many steps. The report then says whether the teacher helped. It takes as long again and needs a labelled holdout.
   * Default: false.
   */
  control: given<boolean | ControlOptions>(),
  /** Determines initial weights and the order of examples. Default 0. */
  seed: count(0)(0),
  /**
   * An open trainer, which stays open; or how to open the page's. Default: the page's, which serves one run at a time, so a
   * run that this one waits for (its teacher's or its data's) needs its own trainer.
   */
  trainer: given<Trainer | TrainerOptions>(checkIsNoPromise),
  /** Cancels the run: it rejects with an AbortError and leaves the student as the last finished step made it. */
  signal: given<AbortSignal>(),
  ...PART_FIELDS,
});

export const DISTILL = schema('distill', {
  ...ROUND.fields,
  /**
   * The `reproducibleWith` of an earlier run's report. This run takes seed, order, batch sizes, threads and SIMD level from it
   * if they are not given, and is refused before its first step if it would give other bits, such as with a teacher on
   * another engine. Repeat data, loss and the other options yourself. Default: none.
   */
  reproduce: given<ReproducibleWith>(),
});

/** What `distill` takes in each of several rounds too. */
export interface RoundOfDistillOptions extends PartOptions, OptionsOf<typeof ROUND> {}

/** Who teaches whom, from what and for how long. */
export interface DistillOptions extends RoundOfDistillOptions, OptionsOf<typeof DISTILL> {}

function checkIsLoss(loss: Loss): void {
  if (typeof loss?.compute === 'function') return;
  throw new LimbeckError('invalid-option', 'distill needs a loss such as softTargets(), called, or one of your own.');
}

function checkIsNoPromise(trainer: Trainer | TrainerOptions): void {
  if (!('then' in trainer)) return;
  throw new LimbeckError('invalid-option', 'distill was given a promise of a trainer; await openTrainer(…) first.');
}
