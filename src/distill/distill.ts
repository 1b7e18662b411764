import type { LayersModel } from '@tensorflow/tfjs-layers';
import { throwIfAborted } from '../core/errors.ts';
import { type Run, startRun } from '../core/run.ts';
import type { NamedArrays } from '../core/shape.ts';
import type { Dataset, LabelledDataset } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { asStudent } from '../student/layersModel.ts';
import { type StudentLease, takeStudents } from '../student/lease.ts';
import type { Student } from '../student/student.ts';
import { probsNotice, readAsLogits } from '../teacher/readAsLogits.ts';
import type { Teacher } from '../teacher/teacher.ts';
import { borrowTrainer } from '../train/borrowTrainer.ts';
import type { Metric, OutputKind } from '../train/metric.ts';
import type { OptimizerOptions } from '../train/optimizer.ts';
import { epochBatches } from '../train/order.ts';
import type { PartOptions } from '../train/parts/options.ts';
import type { Trainer, TrainerOptions } from '../train/trainer.ts';
import { checkOptions } from './check.ts';
import { type ControlOptions, openControl, trainControl } from './control.ts';
import { checkFirstBatch, logitOutputs, makeJob, makeSource, outerReads } from './distillJob.ts';
import { measureEpochs } from './epochs.ts';
import type { DistillEvent } from './events.ts';
import { learnerOf } from './learner.ts';
import { type DistillReport, makeReport, usageSince } from './report.ts';
import { asPinned, factsOf, type ReproducibleWith, reproducibleWith, requireSame } from './reproduce.ts';
import { lookAtAll } from './scan.ts';
import { startTeaching } from './teaching.ts';

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

/** The lease of a scheme that calls `distill` for its own student, round after round. */
export const HELD = Symbol('held');

/** What a run gives: the student that was passed in, with its new weights, and what happened. */
export interface Distilled {
  readonly student: Student;
  readonly report: DistillReport;
  /** The teacher's outputs for the held-out examples, [N, ...] by name. */
  readonly holdoutAnswers: NamedArrays | undefined;
  /** The student that learned without the teacher, where `control` asked for it and it was possible. */
  readonly controlStudent: Student | undefined;
}

/**
 * Distils a teacher into a student: the teacher answers every example once, and while it works on the next examples the
 * student learns from the ones that are answered.
 * All data is looked at, and one batch goes through teacher, loss and gradient, before the first step. A cancelled run
 * rejects with an `AbortError` and leaves the student as the last finished step made it; so does a run whose loss is no
 * longer finite, or whose teacher fails. A run that ends by itself gives batch normalization the mean and variance of up to
 * 4,096 examples, as they are, in the place of moving averages (`report.batchNorm`).
 * The report's `reproducibleWith` says what decides the student's bits, and `reproduce` asks a later run for the same.
 * Throws    student-in-use: another run has it · invalid-option · empty-dataset · shape-mismatch · class-mismatch ·
 *           unknown-input · unknown-output · labels-missing · not-finite · not-reproducible · student-invalid ·
 *           student-not-trainable · worker-died · AbortError and what teacher and data throw
 * Source    Hinton, Vinyals, Dean 2015, arXiv:1503.02531 (offline scheme)
 *
 * @example
 * const run = distill({ teacher, student: cnn({ classes: 10 }), data });
 * for await (const event of run) if (event.type === 'epoch') show(event.loss);
 * const { student, report } = await run.done;
 */
export function distill(options: DistillOptions): Run<Distilled, DistillEvent> {
  return startRun((emit, signal) => runDistill(options, emit, signal), options.signal);
}

async function runDistill(given: DistillOptions, emit: (event: DistillEvent) => void, signal: AbortSignal) {
  checkOptions(given);
  const asked = asPinned(given);
  const loss = asked.loss ?? softTargets();
  const teacher = asked.teacher && readAsLogits(asked.teacher, logitOutputs(asked, loss));
  const options: DistillOptions = { ...asked, teacher };
  const held = (given as { readonly [HELD]?: StudentLease })[HELD];
  using _own = held?.covers(given.student) ? undefined : takeStudents([given.student]);
  const { data, holdout } = options;
  const student = asStudent(options.student);
  const learner = learnerOf(student, loss);
  const startedAt = performance.now();
  await using borrowed = await borrowTrainer(options.trainer, { signal, emit });
  const { trainer } = borrowed;
  // Ends the asking when the training ends early.
  const teaching = new AbortController();
  const end = () => teaching.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  const watching = teacher?.watch?.((message) => emit({ type: 'notice', message }));
  try {
    emit({ type: 'phase', phase: 'check', backend: trainer.description });
    for (const message of trainer.description.notices) emit({ type: 'notice', message });
    const usedBefore = teacher?.usage?.();
    const wanted = await makeJob(options, learner, loss);
    if (learner.notice !== undefined) emit({ type: 'notice', message: learner.notice });
    const { reproduce } = options;
    if (reproduce !== undefined) requireSame({ ...reproduce, teacher: undefined }, factsOf(wanted, trainer));
    const { job, studentDescription } = await checkFirstBatch(options, wanted, loss, trainer, signal);
    const probs = outerReads(options, loss).filter((name) => teacher?.description.fromProbs?.includes(name));
    if (teacher !== undefined && probs.length > 0) {
      emit({ type: 'notice', message: probsNotice(teacher.description.name, probs) });
    }
    // Known only now: a teacher has chosen its device, and how many it wants at a time, when it has answered.
    const teacherBatchSize = options.teacherBatchSize ?? teacher?.description.batchSize ?? 32;
    const learnedFrom = outerReads(options, loss).length > 0 ? teacher : undefined;
    const facts = factsOf(job, trainer, learnedFrom?.description, teacherBatchSize);
    if (reproduce !== undefined) requireSame(reproduce, facts);
    const truth = await lookAtAll(options, loss, studentDescription, emit, signal);
    const control = await openControl({ options, loss, job, student: studentDescription, trainer, signal });

    emit({ type: 'phase', phase: 'train' });
    const trainStartedAt = performance.now();
    const lessons = startTeaching({
      teacher,
      data: options.teacherData ?? data,
      holdout: options.teacherHoldout ?? holdout,
      // One batch of all: the order does not depend on the size of batches.
      order: epochBatches({ ...job, batchSize: job.size }, 1)[0] as Int32Array,
      // A teacher beside the trainer is asked there.
      outputs: job.asksNearTeacher ? [] : outerReads(options, loss),
      batchSize: options.teacherBatchSize,
      memoryBytes: options.answerMemoryBytes ?? 512e6,
      epochs: job.epochs,
      emit,
      signal: teaching.signal,
    });
    const { outputKind, metrics } = options;
    const scoring = { loss, lessons, truth, outputKind, metrics, outputs: studentDescription.outputs };
    const measured = measureEpochs({ ...scoring, job, emit });
    const outcome = await trainer.train(job, makeSource(options, loss, lessons, signal), measured.onEvent, signal);
    await learner.adopt(outcome.artifacts, outcome.members);
    throwIfAborted(signal);
    if (outcome.error !== undefined) throw outcome.error;
    const epochs = await measured.finish();
    const holdoutAnswers = await lessons.holdout;
    const memory = await trainer.memory();
    const trainMs = performance.now() - trainStartedAt;
    const distilled = { holdout: epochs.at(-1)?.holdout ?? {}, outputs: measured.lastOutputs() };
    const controlled =
      control && (await trainControl(control, { ...scoring, distilled, trainer, student: learner, emit, signal }));
    emit({ type: 'phase', phase: 'done' });
    const teacherUsage = usageSince(usedBefore, teacher?.usage?.(), outcome.nearUsage);
    const report = makeReport({
      job,
      loss,
      epochs,
      memory,
      teacher: teacher?.description,
      teacherUsage,
      reproducibleWith: reproducibleWith({ facts, teacher: learnedFrom?.description, found: teacherUsage?.found ?? 0 }),
      overlapFraction: measured.overlapFraction(),
      ...outcome.report,
      ...(controlled && { control: controlled.report }),
      backend: trainer.description,
      student: { ...studentDescription, bytes: outcome.artifacts.weightData.byteLength },
      timeMs: { teacher: lessons.busyMs().total, train: trainMs, total: performance.now() - startedAt },
    });
    return { student, report, holdoutAnswers, controlStudent: controlled?.student };
  } finally {
    watching?.();
    signal.removeEventListener('abort', end);
    teaching.abort();
  }
}
