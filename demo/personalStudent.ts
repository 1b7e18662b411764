import { artifactsFromFiles, type Student, studentFromArtifacts } from 'limbeck';
import { countOf, percent } from './format.ts';
import { JOB_DEFAULTS, type JobEvent, type JobOptions, runJob } from './job.ts';
import type { JobResult } from './jobReport.ts';
import { openKeep } from './keep.ts';

/** The student that the main page keeps, and its origin in words. */
export interface FoundStudent {
  readonly student: Student;
  readonly about: string;
}

/** Undefined if none was distilled in this browser yet. */
export async function findStudent(): Promise<FoundStudent | undefined> {
  const last = await (await openKeep()).load();
  return last && studentOf(last);
}

/** Fewer digits and epochs than the main page: done in half a minute, and good enough to be taught. */
export const SHORT_JOB: JobOptions = { ...JOB_DEFAULTS, limit: 1600, epochs: 4 };

/** Distils a student here and keeps it where the main page does. */
export async function distilStudent(
  options: JobOptions,
  emit: (sentence: string, fraction?: number) => void,
  signal: AbortSignal,
): Promise<FoundStudent> {
  const keep = await openKeep();
  const result = await runJob(options, (event) => tell(event, options, emit), signal);
  // If it cannot be stored, it can still be taught until the page is left.
  await keep.save(result).catch(() => undefined);
  return studentOf(result);
}

function studentOf({ report, files }: JobResult): FoundStudent {
  const learned = countOf(report.examples.learned, 'digit');
  return {
    student: studentFromArtifacts(report.student.name, artifactsFromFiles(files)),
    about: `It learned from a text-recognition model’s answers for ${learned}, without labels, and reads ${percent(report.student.accuracy)} of digits that it never saw.`,
  };
}

function tell(event: JobEvent, { epochs }: JobOptions, emit: (sentence: string, fraction?: number) => void): void {
  if (event.type === 'stage' && event.stage === 'load') emit('Loading the teacher and the digits…');
  if (event.type === 'teacher') {
    emit(`The teacher has answered ${event.answered} of ${event.total} digits.`, (0.7 * event.answered) / event.total);
  }
  if (event.type === 'epoch') {
    emit(`The student has learned ${event.epoch} of ${epochs} epochs.`, 0.7 + (0.2 * event.epoch) / epochs);
  }
  if (event.type === 'stage' && event.stage === 'measure') emit('Measuring both…', 0.9);
  if (event.type === 'stage' && event.stage === 'export') emit('Writing it to files…', 0.95);
}
