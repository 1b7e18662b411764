import { later } from '../core/later.ts';
import { type Run, startRun } from '../core/run.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { takeStudents } from '../student/lease.ts';
import { isArtifacts } from '../student/student.ts';
import { borrowTrainer } from '../train/borrowTrainer.ts';
import type { PersonalizeEvent } from './events.ts';
import { checkOptions, type PersonalizeOptions } from './personalizeOptions.ts';
import type { PersonalPatch } from './runPersonalize.ts';

/**
 * Adapts a student to one person's examples, on this device. The student stays as it is: the result is a patch that
 * `applyPatch` turns into the adapted student. A patch comes out empty, and its report says why, if it made the judging
 * examples worse by more than chance explains, tells nothing about their labels, or made the base's own examples worse.
 * Throws    student-in-use: a run trains it · invalid-option · empty-dataset · labels-missing · class-mismatch: labels
 *           outside the classes, one class only, a sequence with a class that the student lacks · sequence-too-long: a
 *           text needs more steps than the student has · shape-mismatch · unknown-input · student-invalid ·
 *           student-not-trainable · not-finite · backend-unavailable · worker-died · AbortError and what the data throws
 * @example
 * const patch = await personalize({ student, data: labelled }).done;
 * const adapted = await applyPatch(student, patch);
 */
export function personalize(options: PersonalizeOptions): Run<PersonalPatch, PersonalizeEvent> {
  return startRun((emit, signal) => start(options, emit, signal), options.signal);
}

async function start(
  options: PersonalizeOptions,
  emit: (event: PersonalizeEvent) => void,
  signal: AbortSignal,
): Promise<PersonalPatch> {
  const startedAt = performance.now();
  const settings = checkOptions(options);
  const { student } = settings;
  using _lease = isArtifacts(student) ? undefined : takeStudents([student], 'read');
  // Comes while the trainer's worker starts, which takes longer.
  const loading = later(import('./runPersonalize.ts'));
  const artifacts = await artifactsFrom(student);
  await using borrowed = await borrowTrainer(settings.trainer, { signal, emit });
  const { runPersonalize } = await loading;
  return await runPersonalize(artifacts, settings, { trainer: borrowed.trainer, emit, signal, startedAt });
}
