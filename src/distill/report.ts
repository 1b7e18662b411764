import type { VERSIONS } from '../core/versions.ts';
import type { Loss } from '../losses/loss.ts';
import type { BackendDescription } from '../runtime/backends/backend.ts';
import type { SimdLevel } from '../runtime/capabilities.ts';
import type { StudentDescription } from '../student/student.ts';
import type { TeacherDescription, TeacherDevice, TeacherUsage } from '../teacher/teacher.ts';
import type { MemoryState, TrainJob } from '../train/engine.ts';
import type { KeepBestReported, PartReports } from '../train/parts/options.ts';
import type { ThreadFigures } from '../train/threadChoice.ts';
import type { ControlReport } from './controlReport.ts';

export interface EpochRecord {
  readonly epoch: number;
  readonly loss: number;
  readonly ms: number;
  readonly holdout: Readonly<Record<string, number>>;
}

/** What computed a teacher's answers. With `device: 'auto'` measurements chose it in that run. */
export interface TeacherEngine {
  /** Undefined if the teacher cannot be identified, such as a function of the page. */
  readonly identity?: string | undefined;
  readonly device: TeacherDevice;
  readonly threads: number;
  readonly simdLevel?: SimdLevel | undefined;
  /** Those of an ensemble's members. */
  readonly members?: readonly TeacherEngine[] | undefined;
}

/**
 * Runs with the same data, loss and options for which all of this is equal give the same student bit for bit. Keep these
 * plain values with the report, and pass them to a later run as `reproduce`.
 */
export interface ReproducibleWith {
  readonly seed: number;
  /** With the seed, these determine the order of examples. */
  readonly order: { readonly examples: number; readonly batchSize: number; readonly epochs: number };
  readonly trainer: Pick<BackendDescription, 'backend' | 'threads' | 'simdLevel' | 'hasKernels'>;
  /**
   * The first batch size it was asked with, if it chose its own: on the CPU no answer depends on that. Undefined if the loss
   * reads nothing of it.
   */
  readonly teacher?: (TeacherEngine & { readonly batchSize: number }) | undefined;
  readonly versions: typeof VERSIONS | Readonly<Record<keyof typeof VERSIONS, string>>;
  /** Why the bits may still differ, one sentence each; empty for an undisturbed run. */
  readonly doubts: readonly string[];
}

/** What happened in a run, as plain values. */
export interface DistillReport extends PartReports, KeepBestReported {
  readonly seed: number;
  /** What else determines the student bit for bit; `reproduce` of a later run takes it. */
  readonly reproducibleWith: ReproducibleWith;
  readonly examples: number;
  readonly batchSize: number;
  readonly loss: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  readonly backend: BackendDescription;
  /** What a training step took on one thread and on all, if it was measured; later steps used the faster. */
  readonly stepThreads?: ThreadFigures | undefined;
  /** Undefined for a run without an external teacher. */
  readonly teacher: TeacherDescription | undefined;
  /** What this run cost the teacher; undefined for teachers that do not count. */
  readonly teacherUsage: TeacherUsage | undefined;
  /**
   * How far teacher and student worked at the same time in the first epoch: the fraction of the shorter working time in which
   * the other worked too. A lower bound.
   */
  readonly overlapFraction: number;
  readonly student: StudentDescription & { readonly bytes: number };
  readonly epochs: readonly EpochRecord[];
  /** The same student without a teacher, if `control` asked for it. */
  readonly control?: ControlReport | undefined;
  /** Metrics on the held-out examples after the last epoch, or after the one that `keepBest` kept. */
  readonly holdout: Readonly<Record<string, number>>;
  /** `teacher`: while it worked; `train`: from the first question to the last step. They overlap. */
  readonly timeMs: { readonly teacher: number; readonly train: number; readonly total: number };
  /** Bytes of the WebAssembly heap at the end; it only grows, so this is its peak. */
  readonly heapBytes: number;
}

type Derived = 'seed' | 'examples' | 'batchSize' | 'loss' | 'heapBytes';

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
