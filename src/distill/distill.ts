import type { LayersModel } from '@tensorflow/tfjs-layers';
import { throwIfAborted } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { type Run, startRun } from '../core/run.ts';
import type { NamedArrays } from '../core/shape.ts';
import {
  type Dataset,
  type Examples,
  isLabelled,
  type LabelledDataset,
  type LabelledExamples,
} from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import { specOf } from '../losses/revive.ts';
import { softTargets } from '../losses/softTargets.ts';
import { isLayersModel, studentFromModel } from '../student/layersModel.ts';
import type { Student } from '../student/student.ts';
import type { Teacher } from '../teacher/teacher.ts';
import type { EngineEvent, TrainJob } from '../train/engine.ts';
import type { NoticeEvent } from '../train/loop.ts';
import { measure } from '../train/metric.ts';
import type { OptimizerOptions } from '../train/optimizer.ts';
import { openTrainer, type Trainer, type TrainerOptions } from '../train/trainer.ts';
import { type Answers, askAll } from './answers.ts';
import { checkExamples, checkFinite, checkOptions, labelsFor } from './check.ts';
import type { DistillEvent } from './events.ts';
import { type DistillReport, type EpochRecord, makeReport } from './report.ts';

/** Who teaches whom, from what and for how long. */
export interface DistillOptions {
  readonly teacher: Teacher;
  /** One of the zoo, or any tfjs LayersModel; it gets the trained weights. */
  readonly student: Student | LayersModel;
  /** What to learn from. Labels are used only by losses that read them. */
  readonly data: Dataset | LabelledDataset;
  /** Examples that are never trained on; metrics are measured on them after every epoch. */
  readonly holdout?: Dataset | LabelledDataset;
  /** Default: softTargets(). */
  readonly loss?: Loss;
  /** Default 6. */
  readonly epochs?: number;
  /** Default 64. */
  readonly batchSize?: number;
  /** How many examples the teacher is asked at a time. Default 32. */
  readonly teacherBatchSize?: number;
  readonly optimizer?: OptimizerOptions;
  /** Decides initial weights and the order of examples. Default 0. */
  readonly seed?: number;
  /** An open trainer, which stays open; or how to open one for this run. */
  readonly trainer?: Trainer | TrainerOptions;
  readonly signal?: AbortSignal;
}

/** What a run gives: the student that was passed in, with its new weights, and what happened. */
export interface Distilled {
  readonly student: Student;
  readonly report: DistillReport;
  /** The teacher's outputs for the held-out examples, [N, ...] by name. */
  readonly holdoutAnswers: NamedArrays | undefined;
}

/**
 * Distils a teacher into a student: the teacher answers every example once, the student learns from the answers.
 * One batch is checked through teacher, loss and gradient before the first step. A cancelled run rejects with an
 * `AbortError` and leaves the student as the last finished step made it; so does a run whose loss is no longer finite.
 * Throws    invalid-option · empty-dataset · shape-mismatch · class-mismatch · unknown-input · unknown-output ·
 *           labels-missing · not-finite · student-invalid · student-not-trainable · worker-died · AbortError and what
 *           teacher and data throw
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

async function runDistill(options: DistillOptions, emit: (event: DistillEvent) => void, signal: AbortSignal) {
  checkOptions(options);
  const { teacher, data, holdout, teacherBatchSize = 32, trainer: given } = options;
  const student = isLayersModel(options.student) ? studentFromModel(options.student) : options.student;
  const startedAt = performance.now();
  const isOwnTrainer = given === undefined || !('train' in given);
  const trainer = isOwnTrainer ? await openTrainer(given) : given;
  try {
    emit({ type: 'phase', phase: 'check', backend: trainer.description });
    for (const message of trainer.description.notices) emit({ type: 'notice', message });
    const loss = options.loss ?? softTargets();
    const job = await makeJob(options, student, loss);
    const studentDescription = await checkFirstBatch(options, job, loss, trainer, signal);

    emit({ type: 'phase', phase: 'teacher' });
    const teacherStartedAt = performance.now();
    const total = data.size + (holdout?.size ?? 0);
    const truth = holdout && isLabelled(holdout) ? new Int32Array(holdout.size) : undefined;
    const ask = (dataset: Dataset, before: number) => {
      const onAnswered = (count: number) => emit(teacherEvent(before + count, total, teacherStartedAt));
      const isAsked = loss.reads.teacher.length > 0 || dataset === holdout;
      const onExamples = (examples: Examples | LabelledExamples, first: number) => {
        checkExamples(examples, first, loss, studentDescription);
        // The labels of the holdout are kept for scoring, here on the page; the trainer never gets them.
        if (dataset === holdout && 'labels' in examples) truth?.set(examples.labels, first);
      };
      return askAll(isAsked ? teacher : undefined, dataset, teacherBatchSize, onAnswered, signal, onExamples);
    };
    const answers = await ask(data, 0);
    const holdoutAnswers = holdout && (await ask(holdout, data.size));
    const teacherMs = performance.now() - teacherStartedAt;

    emit({ type: 'phase', phase: 'train' });
    const trainStartedAt = performance.now();
    const epochs: EpochRecord[] = [];
    const compared = loss.reads.teacher[0] ?? DEFAULT_OUTPUT;
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'notice') return emit(event);
      const remainingMs = remaining(event, job, performance.now() - trainStartedAt);
      if (event.type === 'step') return emit({ ...event, remainingMs });
      const { holdoutOutputs, ...epoch } = event;
      const metrics = holdoutOutputs
        ? measure({ student: holdoutOutputs, teacher: holdoutAnswers?.arrays[compared], labels: truth })
        : {};
      epochs.push({ epoch: epoch.epoch, loss: epoch.loss, ms: epoch.ms, holdout: metrics });
      emit({ ...epoch, remainingMs, holdout: metrics });
    };
    const outcome = await trainer.train(job, makeSource(options, loss, answers, signal), onEvent, signal);
    await student.adopt(outcome.artifacts);
    throwIfAborted(signal);
    if (outcome.error !== undefined) throw outcome.error;
    const memory = await trainer.memory();
    emit({ type: 'phase', phase: 'done' });
    const report = makeReport({
      job,
      loss,
      epochs,
      memory,
      teacher: teacher.description,
      backend: trainer.description,
      student: { ...studentDescription, bytes: outcome.artifacts.weightData.byteLength },
      timeMs: { teacher: teacherMs, train: performance.now() - trainStartedAt, total: performance.now() - startedAt },
    });
    return { student, report, holdoutAnswers: holdoutAnswers?.arrays };
  } finally {
    if (isOwnTrainer) await trainer[Symbol.asyncDispose]();
  }
}

async function makeJob(options: DistillOptions, student: Student, loss: Loss): Promise<TrainJob> {
  return {
    student: await student.portable(),
    loss: specOf(loss),
    size: options.data.size,
    epochs: options.epochs ?? 6,
    batchSize: options.batchSize ?? 64,
    optimizer: options.optimizer ?? {},
    seed: options.seed ?? 0,
    holdoutSize: options.holdout?.size ?? 0,
  };
}

/** One small batch all the way through, so that what is wrong is said before the long work starts. */
async function checkFirstBatch(
  { teacher, data }: DistillOptions,
  job: TrainJob,
  loss: Loss,
  trainer: Trainer,
  signal: AbortSignal,
) {
  const indices = Int32Array.from({ length: Math.min(2, data.size) }, (_, i) => i);
  const examples = await data.read(indices, signal);
  checkFinite(examples, 0);
  const answers = loss.reads.teacher.length > 0 ? await teacher.ask(examples.inputs, signal) : {};
  return trainer.check(job, { inputs: examples.inputs, teacher: answers, ...labelsFor(loss, examples) });
}

function makeSource({ data, holdout }: DistillOptions, loss: Loss, answers: Answers, signal: AbortSignal) {
  return {
    async read(indices: Int32Array) {
      const examples = await data.read(indices, signal);
      return {
        inputs: examples.inputs,
        teacher: answers.rows(indices, loss.reads.teacher),
        ...labelsFor(loss, examples),
      };
    },
    async readHoldout(indices: Int32Array) {
      return holdout === undefined ? {} : (await holdout.read(indices, signal)).inputs;
    },
  };
}

function teacherEvent(answered: number, total: number, startedAt: number): DistillEvent {
  const ms = performance.now() - startedAt;
  const remainingMs = (ms / answered) * (total - answered);
  return { type: 'teacher', answered, total, examplesPerSecond: (answered / ms) * 1000, remainingMs };
}

function remaining(event: Exclude<EngineEvent, NoticeEvent>, { epochs }: TrainJob, elapsedMs: number): number {
  const done = event.type === 'step' ? event.epoch - 1 + event.step / event.steps : event.epoch;
  return (elapsedMs / done) * (epochs - done);
}
