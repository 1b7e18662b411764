import type { LossShapes } from '../losses/loss.ts';
import { type KnownLosses, reviveLoss } from '../losses/revive.ts';
import * as tf from '../runtime/tf.ts';
import type { StudentDescription } from '../student/student.ts';
import type { TappedStudent } from '../student/taps.ts';
import { openAdaptation } from './adapting/openAdaptation.ts';
import { checkBatch } from './check.ts';
import type { TrainJob, TrainSource } from './job.ts';
import { openLossFor } from './jobLoss.ts';
import type { TrainBatch } from './loop.ts';
import type { openNearReader } from './near.ts';
import { makeOptimizer } from './optimizer.ts';
import { openQuantizedRun } from './quantization/quantizedRun.ts';
import { openSelfTeaching } from './selfTeaching.ts';

const NO_INDICES = new Int32Array(0);
/** A check reads nothing. */
const NO_SOURCE: Pick<TrainSource, 'read'> = { read: async () => ({ inputs: {}, teacher: {} }) };

interface Checked {
  readonly model: tf.LayersModel;
  readonly job: TrainJob;
  readonly batch: TrainBatch;
  readonly knownLosses: KnownLosses;
  /** Released here. */
  readonly near: ReturnType<typeof openNearReader>;
}

/** Runs one batch through everything that a step of this job goes through, without changing a weight. */
export async function checkJob({ model, job, batch, knownLosses, near }: Checked): Promise<StudentDescription> {
  const unused = makeOptimizer(tf, job.optimizer);
  using _adaptation = openAdaptation(model, job.adaptation, unused, job);
  using quantized = openQuantizedRun(model, job.quantizationAware);
  using self = await openSelfTeaching(job, model, NO_SOURCE);
  try {
    const loss = reviveLoss(job.loss, knownLosses);
    const open = (student: TappedStudent, shapes: LossShapes['teacher']) => openLossFor(job, loss, student, shapes);
    const checkStep = async () => {
      const answered = await near.withAnswers(batch, NO_INDICES);
      const rows = Object.values(batch.inputs)[0]?.shape[0] ?? 0;
      return checkBatch(model, loss, await self.complete(answered, new Int32Array(rows)), open);
    };
    const description = await checkStep();
    // Once more, as the later steps will be.
    if (quantized.beforeStep(0, 0)) await checkStep();
    return description;
  } finally {
    unused.dispose();
    await near.release();
  }
}
