import type { Loss } from '../losses/loss.ts';
import type { BackendDescription } from '../runtime/backends/backend.ts';
import type { StudentDescription } from '../student/student.ts';
import type { TeacherDescription } from '../teacher/teacher.ts';
import type { MemoryState, TrainJob } from '../train/engine.ts';

export interface EpochRecord {
  readonly epoch: number;
  readonly loss: number;
  readonly ms: number;
  readonly holdout: Readonly<Record<string, number>>;
}

/** What happened in a run, as plain values. The same seed, backend and thread count give the same student. */
export interface DistillReport {
  readonly seed: number;
  readonly examples: number;
  readonly batchSize: number;
  readonly loss: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  readonly backend: BackendDescription;
  readonly teacher: TeacherDescription;
  readonly student: StudentDescription & { readonly bytes: number };
  readonly epochs: readonly EpochRecord[];
  /** Metrics on the held-out examples after the last epoch. */
  readonly holdout: Readonly<Record<string, number>>;
  readonly timeMs: { readonly teacher: number; readonly train: number; readonly total: number };
  /** Bytes of the WebAssembly heap at the end: it only ever grows, so this is its peak. */
  readonly heapBytes: number;
}

interface ReportParts extends Pick<DistillReport, 'backend' | 'teacher' | 'student' | 'epochs' | 'timeMs'> {
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
