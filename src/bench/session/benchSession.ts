import { LimbeckError } from '../../core/errors.ts';
import { makeQueue } from '../../core/queue.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { timePasses } from '../../core/timing.ts';
import type { SimdLevel } from '../../runtime/capabilities.ts';
import type { PortableStudent, StudentArtifacts } from '../../student/student.ts';
import type { BenchTask, OpenWork } from './task.ts';

/** What an opened task turned out to run on. */
export interface OpenedTask {
  readonly threads: number;
  readonly simdLevel?: SimdLevel | undefined;
  readonly notices: readonly string[];
}

/** One task of a benchmark on the thread where this is called: the part of the worker that is timed. */
export interface BenchSession {
  /** Throws    what its engine throws that does not open */
  open(task: BenchTask): Promise<OpenedTask>;
  /** Milliseconds of a pass, `figures` of them, each the mean of `together` passes. */
  time(figures: number, together: number): Promise<number[]>;
  answer(which: number): Promise<NamedArrays>;
  heapBytes(): Promise<number | undefined>;
  sessionBytes(): Promise<number | undefined>;
  /** The weights that a design begins with. Throws    student-invalid */
  build(student: PortableStudent, seed: number): Promise<StudentArtifacts>;
  close(): Promise<void>;
}

export function createBenchSession(): BenchSession {
  const enqueue = makeQueue();
  let held: OpenWork | undefined;
  const work = () => {
    if (held === undefined) throw new LimbeckError('disposed', 'Nothing is open in this session of a benchmark.');
    return held;
  };
  return {
    open: (task) =>
      enqueue(async () => {
        held = await openWork(task);
        const { threads, simdLevel, notices } = held;
        return { threads, simdLevel, notices };
      }),
    time: (figures, together) => enqueue(() => timePasses(work().pass, figures, 0, together)),
    answer: (which) => enqueue(() => work().answer(which)),
    heapBytes: () => enqueue(async () => work().heapBytes()),
    sessionBytes: () => enqueue(async () => work().sessionBytes()),
    build: (student, seed) =>
      enqueue(async () => {
        const { buildArtifacts } = await import('./tfjsWork.ts');
        return buildArtifacts(student, seed);
      }),
    close: () =>
      enqueue(async () => {
        const last = held;
        held = undefined;
        await last?.dispose();
      }),
  };
}

async function openWork(task: BenchTask): Promise<OpenWork> {
  if (task.work === 'onnx') {
    const { openOnnxWork } = await import('./onnxWork.ts');
    return openOnnxWork(task);
  }
  const { openPredictWork, openTrainWork } = await import('./tfjsWork.ts');
  return task.work === 'predict' ? openPredictWork(task) : openTrainWork(task);
}
