import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { checkKnownOptions } from '../../core/options.ts';
import { type Run, startRun } from '../../core/run.ts';
import type { Student } from '../../student/student.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import type { DistillOptions } from '../distill.ts';
import type { DistillEvent } from '../events.ts';
import { openSnapshots, runRound, type SnapshotOptions } from '../generations.ts';
import type { DistillReport } from '../report.ts';
import { sharedTrainer } from '../sharedTrainer.ts';

/** Who stands between teacher and student; all else is as for `distill`, and the same for each of them. */
export interface AssistantChainOptions extends Omit<DistillOptions, 'teacher'> {
  readonly teacher: Teacher;
  /** Students of sizes between teacher and student, the largest first; one or more. */
  readonly assistants: readonly (Student | LayersModel)[];
  /** Where an assistant that teaches runs. Default: in a worker of its own. */
  readonly snapshots?: SnapshotOptions;
}

/** What happened to which of them, counted from 1; the student is the last. */
export type AssistantChainEvent =
  | { readonly type: 'stage'; readonly stage: number; readonly stages: number; readonly student: string }
  | (DistillEvent & { readonly stage: number });

/** The student, and the assistants, which have learned too. */
export interface AssistantChain {
  readonly student: Student;
  readonly report: DistillReport;
  readonly assistants: readonly Student[];
  readonly assistantReports: readonly DistillReport[];
}

/**
 * Teacher assistants (TAKD): a teacher far larger than the student teaches an assistant of a size between, that one the
 * next, and the last one the student. With the outputs of inner layers in the loss, each must have them.
 * All share one trainer. A cancelled run ends with the one that is learning; every teacher it opened is ended, the first
 * one stays the caller's.
 * Throws    invalid-option · what `distill` and `snapshot` throw
 * Source    Mirzadeh and others 2020, arXiv:1902.03393
 * @example
 * const assistants = [resnet8({ classes: 10 })];
 * const run = assistantChain({ teacher, assistants, student: cnn({ classes: 10 }), data });
 * const { student } = await run.done;
 */
export function assistantChain(options: AssistantChainOptions): Run<AssistantChain, AssistantChainEvent> {
  return startRun((emit, signal) => runChain(options, emit, signal), options.signal);
}

async function runChain(
  options: AssistantChainOptions,
  emit: (event: AssistantChainEvent) => void,
  signal: AbortSignal,
): Promise<AssistantChain> {
  checkChain(options);
  const { teacher: first, assistants, student: last, snapshots, ...rest } = options;
  const { teacherData, teacherHoldout, ...later } = rest;
  const learners = [...assistants, last];
  const students: Student[] = [];
  const reports: DistillReport[] = [];
  await using shared = await sharedTrainer(rest.trainer);
  await using teachers = openSnapshots(snapshots);
  let teacher = first;
  for (const [i, learner] of learners.entries()) {
    const stage = i + 1;
    emit({ type: 'stage', stage, stages: learners.length, student: learner.name });
    // Assistants see what students see, whatever the first teacher is shown.
    const seen = stage === 1 ? rest : later;
    const { student, report } = await runRound(
      { ...seen, teacher, student: learner, trainer: shared.trainer, signal },
      (event) => emit({ ...event, stage }),
    );
    students.push(student);
    reports.push(report);
    await teachers.end(teacher);
    if (stage < learners.length) teacher = await teachers.take(student, signal);
  }
  return {
    student: students.at(-1) as Student,
    report: reports.at(-1) as DistillReport,
    assistants: students.slice(0, -1),
    assistantReports: reports.slice(0, -1),
  };
}

/** Throws    invalid-option */
function checkChain({ teacher, assistants, student, snapshots = {} }: AssistantChainOptions): void {
  checkKnownOptions(snapshots, ['worker', 'threads', 'assetBase'], 'snapshots of assistantChain');
  if (typeof teacher?.ask !== 'function') {
    throw new LimbeckError('invalid-option', 'assistantChain needs a teacher; load one with loadTeacher(…).done.');
  }
  if (!Array.isArray(assistants) || assistants.length === 0) {
    throw new LimbeckError(
      'invalid-option',
      'assistantChain needs one assistant or more, such as [resnet8({ classes: 10 })]; without any, call distill.',
    );
  }
  if (new Set([...assistants, student]).size <= assistants.length) {
    throw new LimbeckError('invalid-option', 'Each assistant, and the student, must be one of its own.');
  }
}
