import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { type Run, startRun } from '../../core/run.ts';
import { given, nested, type OptionsOf, required, schema } from '../../core/schema.ts';
import { asStudent } from '../../student/layersModel.ts';
import type { Student } from '../../student/student.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import { checkOptions } from '../check.ts';
import { ROUND, type RoundOfDistillOptions } from '../distillOptions.ts';
import type { DistillReport } from '../report.ts';
import { openRounds, type RoundEvent } from '../rounds.ts';
import { openSnapshots, SNAPSHOTS } from '../snapshots.ts';

const OPTIONS = schema('assistantChain', {
  ...ROUND.fields,
  /** It teaches the first assistant. */
  teacher: required(given<Teacher>()),
  /** One or more students of sizes between teacher and student, the largest first. */
  assistants: required(given<readonly (Student | LayersModel)[]>()),
  /** Where a teaching assistant runs. Default: in its own worker. */
  snapshots: nested(SNAPSHOTS),
});

/** The assistants; everything else is as for `distill`, and the same for each run. */
export interface AssistantChainOptions extends Omit<RoundOfDistillOptions, 'teacher'>, OptionsOf<typeof OPTIONS> {}

/** The student and the trained assistants. */
export interface AssistantChain {
  readonly student: Student;
  readonly report: DistillReport;
  readonly assistants: readonly Student[];
  readonly assistantReports: readonly DistillReport[];
}

/**
 * Teacher assistants (TAKD): a teacher far larger than the student teaches an assistant of intermediate size, which teaches
 * the next, and the last one teaches the student. If the loss reads inner layers, each of them must have these.
 * All share one trainer. A cancelled run stops at the one that is learning. It ends every teacher that it opened; the first
 * teacher stays the caller's.
 * Shapes    each gives what the loss compares with the teacher before it, such as logits [B, C]; checked before the first learns
 * Units     those of the loss
 * Throws    invalid-option · what `distill` and `snapshot` throw
 * Source    Mirzadeh and others 2020, arXiv:1902.03393
 * @example
 * const assistants = [resnet8({ classes: 10 })];
 * const run = assistantChain({ teacher, assistants, student: cnn({ classes: 10 }), data });
 * const { student } = await run.done;
 */
export function assistantChain(options: AssistantChainOptions): Run<AssistantChain, RoundEvent> {
  return startRun((emit, signal) => runChain(options, emit, signal), options.signal);
}

async function runChain(
  options: AssistantChainOptions,
  emit: (event: RoundEvent) => void,
  signal: AbortSignal,
): Promise<AssistantChain> {
  checkChain(options);
  const { teacher: first, assistants, student: last, snapshots, ...rest } = options;
  const { teacherData, teacherHoldout, ...later } = rest;
  const learners = [...assistants, last].map(asStudent);
  const students: Student[] = [];
  const reports: DistillReport[] = [];
  await using rounds = await openRounds({
    ...{ options: rest, rounds: learners.length, emit, signal },
    students: learners,
  });
  await using teachers = openSnapshots(snapshots);
  // All answer like the first teacher, so it alone shows whether each of them fits the loss.
  for (const learner of learners) await rounds.checkFirst({ ...rest, teacher: first, student: learner });
  let teacher = first;
  for (const learner of learners) {
    const round = rounds.begin(learner.name);
    // Assistants see what students see, whatever the first teacher sees.
    const { student, report } = await rounds.distill({ ...(round === 1 ? rest : later), teacher, student: learner });
    students.push(student);
    reports.push(report);
    await teachers.end(teacher);
    if (round < learners.length) teacher = await teachers.take(student, signal);
  }
  return {
    student: students.at(-1) as Student,
    report: reports.at(-1) as DistillReport,
    assistants: students.slice(0, -1),
    assistantReports: reports.slice(0, -1),
  };
}

function checkChain(options: AssistantChainOptions): void {
  OPTIONS.read(options);
  const { assistants, snapshots: _, ...rest } = options;
  if (typeof rest.teacher?.ask !== 'function') {
    throw new LimbeckError('invalid-option', 'assistantChain needs a teacher; load one with loadTeacher(…).done.');
  }
  if (!Array.isArray(assistants) || assistants.length === 0) {
    throw new LimbeckError(
      'invalid-option',
      'assistantChain needs one assistant or more, such as [resnet8({ classes: 10 })]; without any, call distill.',
    );
  }
  if (new Set([...assistants, rest.student]).size <= assistants.length) {
    throw new LimbeckError('invalid-option', 'Each assistant, and the student, must be one of its own.');
  }
  for (const student of [...assistants, rest.student]) checkOptions({ ...rest, student });
}
