import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Dataset, LabelledDataset } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import type { Student } from '../student/student.ts';
import type { Teacher } from '../teacher/teacher.ts';
import type { Metric, OutputKind } from '../train/metric.ts';
import type { OptimizerOptions } from '../train/optimizer.ts';
import type { PartOptions } from '../train/parts/options.ts';
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

/** Who teaches whom, from what and for how long. */
export interface DistillOptions extends PartOptions {
  /** May be left out where the loss reads nothing of it: labels, peers of a cohort or the self teacher may be enough. */
  readonly teacher?: Teacher;
  /** One of the zoo, or any tfjs LayersModel; it gets the trained weights. */
  readonly student: Student | LayersModel;
  /** What to learn from. Labels are used only by losses that read them. */
  readonly data: Dataset | LabelledDataset;
  /**
   * What the teacher sees, where that is not what the student sees: its example i stands for the student's example i,
   * such as the photo for a sound (cross-modal), or the clear one for a noisy one. Labels in it are not used. Default:
   * `data`.
   */
  readonly teacherData?: Dataset;
  /** Examples that are never trained on; metrics are measured on them after every epoch. */
  readonly holdout?: Dataset | LabelledDataset;
  /** Metrics of your own, measured on the holdout beside limbeck's, which go by `outputKind`. */
  readonly metrics?: readonly Metric[];
  /**
   * What the output that the holdout is measured by is, the first that the loss reads: 'classes' (accuracy, agreement,
   * calibration), 'values' (R², RMSE) or 'embeddings' (cosine, neighbours kept). Default: what all losses that read it say,
   * such as regression() and embeddingMatch(); else 'values' for one number an example, and 'classes'.
   */
  readonly outputKind?: OutputKind;
  /** What the teacher sees of the holdout; needed where there is `teacherData`. */
  readonly teacherHoldout?: Dataset;
  /** Default: softTargets(). */
  readonly loss?: Loss;
  /** Default 6. */
  readonly epochs?: number;
  /** Default 64. */
  readonly batchSize?: number;
  /** How many examples the teacher is asked at a time. Default: what suits the teacher, found out while it is asked, else 32. */
  readonly teacherBatchSize?: number;
  /**
   * Whether the teacher's feature maps (outputs of four dimensions) are [B, C, H, W] or, as the student's, [B, H, W, C].
   * Losses see them as the student's. Default: 'first' for ONNX models without a `read` function, else 'last'.
   */
  readonly teacherChannels?: 'first' | 'last';
  /** Room for the teacher's answers on this page; what needs more is asked for in every epoch. Default 512 MB. */
  readonly answerMemoryBytes?: number;
  readonly optimizer?: OptimizerOptions;
  /**
   * Whether the same student is trained once more without a teacher, by cross-entropy with labels, from the same start and
   * for as many steps; the report tells whether the teacher helped. It takes as long again, and needs a labelled holdout.
   * Default false.
   */
  readonly control?: boolean | ControlOptions;
  /** Decides initial weights and the order of examples. Default 0. */
  readonly seed?: number;
  /**
   * What the report of an earlier run says under `reproducibleWith`: this run takes seed, order, batch sizes, threads and SIMD
   * level from it where they are left open, and is refused before its first step where it would give other bits, such as by a
   * teacher on another engine. Data, loss and the other options are the caller's to repeat. Default: none.
   */
  readonly reproduce?: ReproducibleWith;
  /**
   * An open trainer, which stays open; or how to open the page's. Default: the page's, which one run has at a time: a run
   * that this one waits for (its teacher's or its data's) needs a trainer of its own.
   */
  readonly trainer?: Trainer | TrainerOptions;
  readonly signal?: AbortSignal;
}
