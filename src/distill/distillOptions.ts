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

/** What the student without a teacher learns from. */
export interface ControlOptions {
  /**
   * Labelled examples; where they are fewer than those of the run, they come as often as it takes for as many steps.
   * Default: the run's own data, where it has labels.
   */
  readonly data?: LabelledDataset;
}

/** What `distill` takes in each of several rounds too: schemes spread its fields. `checkOptions` checks what takes several of them. */
export const ROUND = schema('distill', {
  /** May be left out where the loss reads nothing of it: labels, peers of a cohort or the self teacher may be enough. */
  teacher: given<Teacher>(),
  /** One of the zoo, or any tfjs LayersModel; it gets the trained weights. */
  student: required(given<Student | LayersModel>()),
  /** What to learn from. Labels are used only by losses that read them. */
  data: required(given<Dataset | LabelledDataset>()),
  /**
   * What the teacher sees, where that is not what the student sees: its example i stands for the student's example i,
   * such as the photo for a sound (cross-modal), or the clear one for a noisy one. Labels in it are not used. Default:
   * `data`.
   */
  teacherData: given<Dataset>(),
  /** Examples that are never trained on; metrics are measured on them after every epoch. */
  holdout: given<Dataset | LabelledDataset>(),
  /** Metrics of your own, measured on the holdout beside limbeck's, which go by `outputKind`. */
  metrics: given<readonly Metric[]>(checkMetrics),
  /**
   * What the output that the holdout is measured by is, the first that the loss reads: 'classes' (accuracy, agreement,
   * calibration), 'values' (R², RMSE) or 'embeddings' (cosine, neighbours kept). Default: what all losses that read it say,
   * such as regression() and embeddingMatch(); else 'values' for one number an example, and 'classes'.
   */
  outputKind: oneOf(...OUTPUT_KINDS)(),
  /** What the teacher sees of the holdout; needed where there is `teacherData`. */
  teacherHoldout: given<Dataset>(),
  /** Default: softTargets(). */
  loss: given<Loss>(checkIsLoss),
  /** Default: 6 for 8,000 examples or more, else 6 · √(8000 / examples), rounded up, 60 at most: 31 for 300. */
  epochs: count()(),
  /** Default 64. */
  batchSize: count()(64),
  /** How many examples the teacher is asked at a time. Default: what suits the teacher, found out while it is asked, else 32. */
  teacherBatchSize: count()(),
  /**
   * Whether the teacher's feature maps (outputs of four dimensions) are [B, C, H, W] or, as the student's, [B, H, W, C].
   * Losses see them as the student's. Default: 'first' for ONNX models without a `read` function, else 'last'.
   */
  teacherChannels: oneOf('first', 'last')(),
  /** Room for the teacher's answers on this page; what needs more is asked for in every epoch. Default 512e6. */
  answerMemoryBytes: count(0)(512e6),
  /** How weights follow their gradients. Default: adam at a learning rate of 0.001. */
  optimizer: given<OptimizerOptions>(checkOptimizer),
  /**
   * Whether the same student is trained once more without a teacher, by cross-entropy with labels, from the same start and
   * for as many steps; the report tells whether the teacher helped. It takes as long again, and needs a labelled holdout.
   * Default: false.
   */
  control: given<boolean | ControlOptions>(),
  /** Decides initial weights and the order of examples. Default 0. */
  seed: count(0)(0),
  /**
   * An open trainer, which stays open; or how to open the page's. Default: the page's, which one run has at a time: a run
   * that this one waits for (its teacher's or its data's) needs a trainer of its own.
   */
  trainer: given<Trainer | TrainerOptions>(checkIsNoPromise),
  /** Cancels the run: it rejects with an AbortError, and the student stays as the last finished step made it. */
  signal: given<AbortSignal>(),
  ...PART_FIELDS,
});

export const DISTILL = schema('distill', {
  ...ROUND.fields,
  /**
   * What the report of an earlier run says under `reproducibleWith`: this run takes seed, order, batch sizes, threads and SIMD
   * level from it where they are left open, and is refused before its first step where it would give other bits, such as by a
   * teacher on another engine. Data, loss and the other options are the caller's to repeat. Default: none.
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
