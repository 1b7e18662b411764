import type { Patch } from '../student/patch/patch.ts';
import { patchBytes } from '../student/patch/patchFile.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { Trainer } from '../train/trainer.ts';
import { adaptableStudent } from './adaptable.ts';
import { learnPatch } from './learnPatch.ts';
import type { Lesson } from './method.ts';
import { lora } from './methods/lora.ts';
import type { PersonalizeSettings } from './personalizeOptions.ts';
import type { PersonalizeReport } from './personalizeReport.ts';

/** A patch, and the report of how it was made. */
export interface PersonalPatch extends Patch {
  readonly report: PersonalizeReport;
}

/** Where a run learns, and whom it tells. */
interface Place extends Pick<Lesson, 'emit' | 'signal'> {
  readonly trainer: Trainer;
  readonly startedAt: number;
}

/** The run of checked options on an open trainer, with the student held. Throws what `personalize` throws. */
export async function runPersonalize(
  artifacts: StudentArtifacts,
  { student: _, trainer: __, method = lora(), ...learning }: PersonalizeSettings,
  { trainer, emit, signal, startedAt }: Place,
): Promise<PersonalPatch> {
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
