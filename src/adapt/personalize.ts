import { type Run, startRun } from '../core/run.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { takeStudents } from '../student/lease.ts';
import type { Patch } from '../student/patch/patch.ts';
import { patchBytes } from '../student/patch/patchFile.ts';
import { isArtifacts } from '../student/student.ts';
import { borrowTrainer } from '../train/borrowTrainer.ts';
import { adaptableStudent } from './adaptable.ts';
import type { PersonalizeEvent } from './events.ts';
import { learnPatch } from './learnPatch.ts';
import { lora } from './methods/lora.ts';
import { checkOptions, type PersonalizeOptions } from './personalizeOptions.ts';
import type { PersonalizeReport } from './personalizeReport.ts';

/** A patch, and the report of how it was made. */
export interface PersonalPatch extends Patch {
  readonly report: PersonalizeReport;
}

/**
 * Adapts a student to one person's examples, on this device. The student stays as it is: the result is a patch that
 * `applyPatch` turns into the adapted student. A patch comes out empty, and its report says why, if it made the judging
 * examples worse by more than chance explains, tells nothing about their labels, or made the base's own examples worse.
 * Throws    student-in-use: a run trains it · invalid-option · empty-dataset · labels-missing · class-mismatch: labels
 *           outside the classes, one class only · shape-mismatch · unknown-input · student-invalid ·
 *           student-not-trainable · not-finite · worker-died · AbortError and what the data throws
 * @example
 * const patch = await personalize({ student, data: labelled }).done;
 * const adapted = await applyPatch(student, patch);
 */
export function personalize(options: PersonalizeOptions): Run<PersonalPatch, PersonalizeEvent> {
  return startRun((emit, signal) => run(options, emit, signal), options.signal);
}

async function run(
  options: PersonalizeOptions,
  emit: (event: PersonalizeEvent) => void,
  signal: AbortSignal,
): Promise<PersonalPatch> {
  const startedAt = performance.now();
  const { student, trainer: given, method = lora(), ...learning } = checkOptions(options);
  using _lease = isArtifacts(student) ? undefined : takeStudents([student], 'read');
  const artifacts = await artifactsFrom(student);
  await using borrowed = await borrowTrainer(given, { signal, emit });
  const { trainer } = borrowed;
  const base = await adaptableStudent(artifacts, learning.classes, { trainer, signal });
  emit({ type: 'phase', phase: 'check' });
  for (const message of trainer.description.notices) emit({ type: 'notice', message });
  const { patch, figures, learnMs } = await learnPatch({ ...learning, method }, base, { trainer, emit, signal });
  emit({ type: 'phase', phase: 'done' });
  const report: PersonalizeReport = {
    ...figures,
    bytes: await patchBytes(patch),
    backend: trainer.description,
    timeMs: { learn: learnMs, total: performance.now() - startedAt },
  };
  return { ...patch, report };
}
