import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { isSameShape, type NamedArrays, type NdArray } from '../core/shape.ts';
import type { Loss } from '../losses/loss.ts';
import type { BalanceEvent } from '../train/balance.ts';
import type { EngineEvent, TrainJob } from '../train/engine.ts';
import { measure } from '../train/metric.ts';
import type { DistillEvent } from './events.ts';
import type { EpochRecord } from './report.ts';
import { overlapOf, type Teaching } from './teaching.ts';

export interface EpochsOptions {
  readonly job: TrainJob;
  readonly loss: Loss;
  readonly lessons: Teaching;
  /** Labels of the holdout. */
  readonly truth: Int32Array | undefined;
  readonly emit: (event: DistillEvent) => void;
}

/**
 * Measures the student after every epoch. The teacher may still be answering about the holdout when an epoch ends: the
 * student goes on meanwhile, one epoch further at most, and the epoch is told when its metrics are known.
 */
export function measureEpochs({ job, loss, lessons, truth, emit }: EpochsOptions) {
  const epochs: EpochRecord[] = [];
  let before = Promise.resolve();
  let overlapFraction = 0;
  let balanced: BalanceEvent | undefined;
  let lastOutputs: NdArray | undefined;

  async function tell(event: Extract<EngineEvent, { type: 'epoch' }>): Promise<void> {
    const { holdoutOutputs, peerOutputs = {}, ...epoch } = event;
    const remainingMs = remaining(event, job);
    lastOutputs = holdoutOutputs;
    const answers = holdoutOutputs && (await lessons.holdout);
    const measured = (student: NdArray) =>
      measure({ student, teacher: answers && comparable(answers, loss, student), labels: truth });
    const metrics = holdoutOutputs ? measured(holdoutOutputs) : {};
    for (const [output, student] of Object.entries(peerOutputs)) {
      for (const [name, value] of Object.entries(measured(student))) metrics[`${output}/${name}`] = value;
    }
    epochs.push({ epoch: epoch.epoch, loss: epoch.loss, ms: epoch.ms, holdout: metrics });
    emit({ ...epoch, remainingMs, holdout: metrics });
  }

  return {
    async onEvent(event: EngineEvent): Promise<void> {
      if (event.type === 'notice') return emit(event);
      if (event.type === 'balance') {
        balanced = event;
        return emit(event);
      }
      if (event.type === 'step') return emit({ ...event, remainingMs: remaining(event, job) });
      if (event.epoch === 1) overlapFraction = overlapOf(lessons.busyMs().data, event.learnMs, event.ms);
      await before;
      before = tell(event);
      before.catch(() => undefined);
    },
    /** Waits for the last metrics. Throws what asking about the holdout threw. */
    async finish(): Promise<readonly EpochRecord[]> {
      await before;
      return epochs;
    },
    overlapFraction: () => overlapFraction,
    /** What the student said of the held-out examples after the last epoch that was measured. */
    lastOutputs: () => lastOutputs,
    /** How the loss's terms were balanced last. */
    balanced: () => balanced,
  };
}

/** The teacher's output that says the same as the student's: the first that the loss reads, of those of its shape. */
function comparable(answers: NamedArrays, loss: Loss, { shape }: NdArray): NdArray | undefined {
  const names = [...loss.reads.teacher, DEFAULT_OUTPUT];
  return names.map((name) => answers[name]).find((answer) => answer !== undefined && isSameShape(answer.shape, shape));
}

/** The rest of this epoch at its own pace; further ones at the student's, who will not have to wait for a teacher. */
function remaining(event: Extract<EngineEvent, { type: 'step' | 'epoch' }>, { epochs }: TrainJob): number {
  const done = event.type === 'step' ? event.step / event.steps : 1;
  return (event.ms / done) * (1 - done) + (event.learnMs / done) * (epochs - event.epoch);
}
