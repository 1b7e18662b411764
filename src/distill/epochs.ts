import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { isSameShape, type NamedArrays, type NdArray } from '../core/shape.ts';
import type { Loss } from '../losses/loss.ts';
import type { StudentDescription } from '../student/student.ts';
import type { EngineEvent, TrainJob } from '../train/engine.ts';
import { comparedOutput } from '../train/labels.ts';
import { measure } from '../train/measure.ts';
import type { Metric, OutputKind } from '../train/metric.ts';
import { outputKindOf } from '../train/outputKind.ts';
import type { Verdict } from '../train/parts/keepBest/keepBest.ts';
import type { DistillEvent } from './events.ts';
import { openJudge } from './judge.ts';
import type { EpochRecord } from './report.ts';
import { overlapOf, type Teaching } from './teaching.ts';

export interface EpochsOptions {
  readonly job: TrainJob;
  readonly loss: Loss;
  readonly lessons: Teaching;
  /** Labels of the holdout. */
  readonly truth: Int32Array | undefined;
  /** Sequences of the holdout [N, L]. */
  readonly sequences?: Int32Array | undefined;
  /** The kind of the compared output, by default what the loss says, and further metrics. */
  readonly outputKind?: OutputKind | undefined;
  readonly metrics?: readonly Metric[] | undefined;
  /** The student's outputs, without the batch. */
  readonly outputs: StudentDescription['outputs'];
  /** Those that an earlier run of the same job has measured. */
  readonly earlier?: readonly EpochRecord[] | undefined;
  readonly emit: (event: DistillEvent) => void;
}

/**
 * Measures the student after every epoch. If the teacher is still answering the holdout when an epoch ends, the student
 * continues for at most one epoch, and the epoch is reported when its metrics are known.
 */
export function measureEpochs(options: EpochsOptions) {
  const { job, loss, lessons, truth, sequences, outputs, metrics: own = [], earlier = [], emit } = options;
  const compared = comparedOutput(loss, outputs) ?? DEFAULT_OUTPUT;
  const kind = options.outputKind ?? outputKindOf(loss, compared, outputs[compared]);
  const epochs: EpochRecord[] = [...earlier];
  const judge = job.keepBest ? openJudge(job.keepBest, own) : undefined;
  for (const record of earlier) judge?.tell(record);
  let before = Promise.resolve();
  let overlapFraction = 0;
  let lastOutputs: NdArray | undefined;

  async function tell(event: Extract<EngineEvent, { type: 'epoch' }>): Promise<void> {
    const { holdoutOutputs, peerOutputs = {}, ...epoch } = event;
    const remainingMs = remaining(event, job);
    const answers = holdoutOutputs && (await lessons.holdout);
    const measured = (student: NdArray) =>
      measure(
        {
          student,
          teacher: answers && comparable(answers, loss, student, kind),
          labels: truth,
          ...(sequences && { sequences, blank: blankOf(loss) }),
        },
        { kind, metrics: own },
      );
    const metrics = holdoutOutputs ? measured(holdoutOutputs) : {};
    for (const [output, student] of Object.entries(peerOutputs)) {
      for (const [name, value] of Object.entries(measured(student))) metrics[`${output}/${name}`] = value;
    }
    const record = { epoch: epoch.epoch, loss: epoch.loss, ms: epoch.ms, holdout: metrics };
    epochs.push(record);
    if (judge?.tell(record) !== false) lastOutputs = holdoutOutputs;
    emit({ ...epoch, remainingMs, holdout: metrics });
  }

  return {
    async onEvent(event: EngineEvent): Promise<void> {
      if (event.type === 'step') return emit({ ...event, remainingMs: remaining(event, job) });
      if (event.type !== 'epoch') return emit(event);
      if (event.epoch === 1) overlapFraction = overlapOf(lessons.busyMs().data, event.learnMs, event.ms);
      await before;
      before = tell(event);
      before.catch(() => undefined);
    },
    /** Waits for the metrics of an epoch that was told. Throws what measuring it threw. */
    async judge(epoch: number): Promise<Verdict> {
      await before;
      return judge?.verdict(epoch) ?? { isBest: true, isEnough: false };
    },
    best: () => judge?.best,
    /** The records of all epochs that were told. */
    async soFar(): Promise<readonly EpochRecord[]> {
      await before;
      return [...epochs];
    },
    /** Waits for the last metrics. Throws what asking about the holdout threw. */
    async finish(): Promise<readonly EpochRecord[]> {
      await before;
      return epochs;
    },
    overlapFraction: () => overlapFraction,
    /** The student's outputs for the held-out examples after the last measured epoch, or after the best. */
    lastOutputs: () => lastOutputs,
  };
}

/** The blank of the first ctc in the loss. */
function blankOf({ name, options, terms = [] }: Loss): number | undefined {
  if (name === 'ctc') return options['blank'] as number;
  return terms.map(blankOf).find((blank) => blank !== undefined);
}

/**
 * The teacher output to compare with the student's: the first that the loss reads with the same shape; for embeddings and
 * quantiles also the first with one row per example, which may have another length.
 */
function comparable(answers: NamedArrays, loss: Loss, { shape }: NdArray, kind: OutputKind): NdArray | undefined {
  const found = [...loss.reads.teacher, DEFAULT_OUTPUT].flatMap((name) => answers[name] ?? []);
  const mayDiffer = kind === 'embeddings' || kind === 'quantiles';
  const isRows = (other: readonly number[]) => mayDiffer && other.length === 2 && other[0] === shape[0];
  return found.find((one) => isSameShape(one.shape, shape)) ?? found.find((one) => isRows(one.shape));
}

/** Estimates the rest of this epoch at its own pace, and later ones at the student's, which then need not wait for a teacher. */
function remaining(event: Extract<EngineEvent, { type: 'step' | 'epoch' }>, { epochs }: TrainJob): number {
  const done = event.type === 'step' ? event.step / event.steps : 1;
  return (event.ms / done) * (1 - done) + (event.learnMs / done) * (epochs - event.epoch);
}
