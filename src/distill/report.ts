import type { Loss } from '../losses/loss.ts';
import type { BackendDescription } from '../runtime/backends/backend.ts';
import type { StudentDescription } from '../student/student.ts';
import type { TeacherDescription, TeacherUsage } from '../teacher/teacher.ts';
import type { MemoryState, TrainJob } from '../train/engine.ts';
import type { PartReports } from '../train/parts/options.ts';
import type { ControlReport } from './controlReport.ts';
import type { ReproducibleWith } from './reproduce.ts';

export interface EpochRecord {
  readonly epoch: number;
  readonly loss: number;
  readonly ms: number;
  readonly holdout: Readonly<Record<string, number>>;
}

/** What happened in a run, as plain values. */
export interface DistillReport extends PartReports {
  readonly seed: number;
  /** What else decides the student's bits; `reproduce` of a later run takes it. */
  readonly reproducibleWith: ReproducibleWith;
  readonly examples: number;
  readonly batchSize: number;
  readonly loss: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  readonly backend: BackendDescription;
  /** Undefined for a run without a teacher from outside. */
  readonly teacher: TeacherDescription | undefined;
  /** What this run cost the teacher; undefined for teachers that do not count. */
  readonly teacherUsage: TeacherUsage | undefined;
  /**
   * How far teacher and student worked at the same time in the first epoch: of the working time of the one that had less
   * to do, the fraction in which the other worked too. A lower bound.
   */
  readonly overlapFraction: number;
  readonly student: StudentDescription & { readonly bytes: number };
  readonly epochs: readonly EpochRecord[];
  /** The same student without a teacher, where `control` asked for it. */
  readonly control?: ControlReport | undefined;
  /** Metrics on the held-out examples after the last epoch. */
  readonly holdout: Readonly<Record<string, number>>;
  /** `teacher`: while it worked; `train`: from the first question to the last step. They overlap. */
  readonly timeMs: { readonly teacher: number; readonly train: number; readonly total: number };
  /** Bytes of the WebAssembly heap at the end: it only ever grows, so this is its peak. */
  readonly heapBytes: number;
}

type Derived = 'seed' | 'examples' | 'batchSize' | 'loss' | 'holdout' | 'heapBytes';

interface ReportParts extends Omit<DistillReport, Derived> {
  readonly job: TrainJob;
  readonly loss: Loss;
  readonly memory: MemoryState;
}

export function makeReport({ job, loss, memory, ...parts }: ReportParts): DistillReport {
  return {
    seed: job.seed,
    examples: job.size,
    batchSize: job.batchSize,
    loss: { name: loss.name, options: loss.options },
    holdout: parts.epochs.at(-1)?.holdout ?? {},
    heapBytes: memory.heapBytes,
    ...parts,
  };
}

/** What was added since `before`. */
export function usageSince(
  before: TeacherUsage | undefined,
  now: TeacherUsage | undefined,
  near: Pick<TeacherUsage, 'calls' | 'computed'> = { calls: 0, computed: 0 },
): TeacherUsage | undefined {
  if (now === undefined) return now;
  const { calls, computed, found } = before ?? { calls: 0, computed: 0, found: 0 };
  return {
    calls: now.calls - calls + near.calls,
    computed: now.computed - computed + near.computed,
    found: now.found - found,
  };
}
