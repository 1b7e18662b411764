import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import type { NdArray } from '../core/shape.ts';
import { type Dataset, type Examples, isLabelled, type LabelledDataset, UNLABELLED } from '../data/dataset.ts';
import { pick } from '../data/views.ts';
import type { Loss } from '../losses/loss.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { specOf } from '../losses/spec.ts';
import { type Student, type StudentDescription, studentFromArtifacts } from '../student/student.ts';
import type { TrainJob, TrainSource } from '../train/engine.ts';
import { comparedOutput } from '../train/labels.ts';
import { moveBatch, readInputs } from '../train/moveBatch.ts';
import { withoutTeacher } from '../train/parts/options.ts';
import type { Trainer } from '../train/trainer.ts';
import { checkExamples } from './checkExamples.ts';
import { type ControlReport, controlReport, noControl } from './controlReport.ts';
import type { DistillOptions } from './distillOptions.ts';
import { type EpochsOptions, measureEpochs } from './epochs.ts';
import type { DistillEvent } from './events.ts';
import type { Learner } from './learner.ts';
import { pairsOf } from './paired.ts';
import { scan } from './scan.ts';

/** A control that can be trained, or why there is none. */
export type Control =
  | { readonly reason: string }
  | {
      readonly reason?: undefined;
      readonly job: TrainJob;
      readonly source: TrainSource;
      /** Labelled examples that are not repeated. */
      readonly examples: number;
    };

export interface ControlSetting {
  readonly options: DistillOptions;
  readonly loss: Loss;
  /** The run's own job, from before any weight changed. */
  readonly job: TrainJob;
  readonly student: StudentDescription;
  readonly trainer: Trainer;
  readonly signal: AbortSignal;
}

/**
 * Prepares a second training of the run's student from labels alone, with the same weights, seed, order, optimizer, step
 * size and number of steps. Anything wrong with it is reported now.
 * Throws    not-finite · class-mismatch · shape-mismatch · what its data throws · AbortError
 */
export async function openControl(setting: ControlSetting): Promise<Control | undefined> {
  const { options, student, trainer, signal } = setting;
  const { control, holdout } = options;
  if (control === undefined || control === false) return undefined;
  const data = labelledData(options);
  const output = classOutput(setting.loss, student);
  if (data === undefined) {
    return { reason: 'The data has no labels, and a student without a teacher needs some: give control: { data }.' };
  }
  if (holdout === undefined || !isLabelled(holdout)) {
    const what = holdout === undefined ? 'There is no holdout' : 'The holdout has no labels';
    return { reason: `${what}, so nothing tells which student is right more often. Give a labelled holdout.` };
  }
  if (output === undefined) {
    return { reason: 'No output of the student is one number for each class, which is what labels are held against.' };
  }
  const loss = crossEntropy({ output });
  const known: number[] = [];
  const look = (examples: Examples & { labels?: Int32Array }, first: number) => {
    checkExamples(examples, first, loss, student);
    for (const [i, label] of examples.labels?.entries() ?? []) if (label !== UNLABELLED) known.push(first + i);
  };
  await scan(data, look, () => undefined, signal);
  if (known.length === 0) return { reason: 'Not one example has a label: give control: { data } with some.' };
  const { teacherShapes, channelsFirst, asksColocatedTeacher, checkpointEpochs, ...job } = withoutTeacher(setting.job);
  const ownJob: TrainJob = { ...job, loss: specOf(loss) };
  const source = makeSource(repeated(data, known, job.size), holdout, signal);
  const first = await source.read(Int32Array.from({ length: Math.min(2, job.size) }, (_, i) => i));
  await trainer.check(ownJob, first, signal);
  return { job: ownJob, source, examples: Math.min(known.length, job.size) };
}

export interface ControlRun extends Omit<EpochsOptions, 'job'> {
  readonly trainer: Trainer;
  readonly student: Learner;
  /** The distilled student's metrics and outputs on the holdout. */
  readonly distilled: { readonly holdout: Readonly<Record<string, number>>; readonly outputs: NdArray | undefined };
  readonly signal: AbortSignal;
}

/** The result of a control: its student, if there is one, and the comparison with the distilled one. */
export interface Controlled {
  readonly student?: Student;
  readonly report: ControlReport;
}

/** Trains the control. If it does not stay finite, the report says so, and the distilled student is kept. */
export async function trainControl(control: Control, run: ControlRun): Promise<Controlled> {
  if (control.reason !== undefined) return { report: noControl(control.reason) };
  const { job, source, examples } = control;
  const { trainer, signal } = run;
  run.emit({ type: 'phase', phase: 'control' });
  const startedAt = performance.now();
  const emit = (event: DistillEvent) => {
    if (event.type !== 'step') return;
    const { epoch, step, steps, loss, remainingMs } = event;
    run.emit({ type: 'control', epoch, epochs: job.epochs, step, steps, loss, remainingMs });
  };
  const measured = measureEpochs({ ...run, job, emit });
  const outcome = await trainer.train(job, source, measured.onEvent, signal);
  throwIfAborted(signal);
  if (outcome.error instanceof LimbeckError && outcome.error.code === 'not-finite') {
    return { report: noControl(`The student without a teacher did not stay finite: ${outcome.error.message}`) };
  }
  if (outcome.error !== undefined) throw outcome.error;
  const holdout = (await measured.finish()).at(-1)?.holdout ?? {};
  const [ofStudent, ofControl] = [run.distilled.outputs, measured.lastOutputs()];
  return {
    student: studentFromArtifacts(`control of ${run.student.name}`, run.student.restored(outcome.artifacts)),
    report: controlReport({
      student: run.distilled.holdout,
      control: holdout,
      pairs: ofStudent && ofControl && run.truth && pairsOf(ofStudent, ofControl, run.truth),
      hadLabels: run.loss.reads.labels,
      examples,
      ms: performance.now() - startedAt,
    }),
  };
}

function labelledData({ data, control }: DistillOptions): LabelledDataset | undefined {
  const given = typeof control === 'object' ? (control.data ?? data) : data;
  return isLabelled(given) ? given : undefined;
}

/** The output on which the run is measured, or else the student's output of classes. */
function classOutput(loss: Loss, { outputs }: StudentDescription): string | undefined {
  const names = [comparedOutput(loss, outputs), DEFAULT_OUTPUT, ...Object.keys(outputs)];
  return names.find((name) => name !== undefined && outputs[name]?.length === 1);
}

/** Repeats the labelled examples to the run's size, so that the steps and their order are the same. */
function repeated(data: LabelledDataset, known: readonly number[], size: number): LabelledDataset {
  if (known.length === size && data.size === size) return data;
  return pick(
    data,
    Int32Array.from({ length: size }, (_, i) => known[i % known.length] as number),
  );
}

function makeSource(data: LabelledDataset, holdout: Dataset, signal: AbortSignal): TrainSource {
  return {
    async read(indices) {
      const { inputs, labels } = await data.read(indices, signal);
      return moveBatch({ inputs, teacher: {}, labels }, data);
    },
    readInputs: (indices) => readInputs(data, indices, signal),
    readHoldout: (indices) => readInputs(holdout, indices, signal),
  };
}
