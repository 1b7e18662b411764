import { later } from '../core/later.ts';
import { type Run, startRun } from '../core/run.ts';
import { type StudentLease, takeStudents } from '../student/lease.ts';
import { borrowTrainer } from '../train/borrowTrainer.ts';
import { checkOptions } from './check.ts';
import type { DistillOptions } from './distillOptions.ts';
import type { DistillEvent } from './events.ts';
import { asPinned } from './pinned.ts';
import type { Distilled } from './runDistill.ts';

/** The lease of a scheme that calls `distill` for its own student in each round. */
export const HELD = Symbol('held');

/**
 * Distils a teacher into a student: the teacher answers every example once, and the student learns from answered examples
 * while the teacher works on the next.
 * Before the first step, all data is checked and one batch goes through teacher, loss and gradient. A cancelled run rejects
 * with an `AbortError` and leaves the student as the last finished step made it; so does a run whose loss is no longer
 * finite, or whose teacher fails. A run that finishes replaces batch normalization's moving averages with the mean and
 * variance of up to 4,096 unaugmented examples (`report.batchNorm`).
 * The report's `reproducibleWith` lists what determines the student bit for bit; `reproduce` requests the same of a later run.
 * Throws    student-in-use: another run is training it · invalid-option · empty-dataset · shape-mismatch · class-mismatch ·
 *           unknown-input · unknown-output · labels-missing · not-finite · not-reproducible · student-invalid ·
 *           student-not-trainable · backend-unavailable · worker-died · AbortError and what teacher and data throw
 * Source    Hinton, Vinyals, Dean 2015, arXiv:1503.02531 (offline scheme)
 *
 * @example
 * const run = distill({ teacher, student: cnn({ classes: 10 }), data });
 * for await (const event of run) if (event.type === 'epoch') show(event.loss);
 * const { student, report } = await run.done;
 */
export function distill(options: DistillOptions): Run<Distilled, DistillEvent> {
  return startRun((emit, signal) => start(options, emit, signal), options.signal);
}

async function start(given: DistillOptions, emit: (event: DistillEvent) => void, signal: AbortSignal) {
  checkOptions(given);
  const options = asPinned(given);
  const held = (given as { readonly [HELD]?: StudentLease })[HELD];
  using _own = held?.covers(given.student) ? undefined : takeStudents([given.student]);
  const startedAt = performance.now();
  // Comes while the trainer's worker starts, which takes longer.
  const loading = later(import('./runDistill.ts'));
  await using borrowed = await borrowTrainer(options.trainer, { signal, emit });
  const { runDistill } = await loading;
  return await runDistill(options, { trainer: borrowed.trainer, emit, signal, startedAt });
}
