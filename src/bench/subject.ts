import type { NamedArrays } from '../core/shape.ts';
import type { SimdLevel } from '../runtime/capabilities.ts';
import type { Student } from '../student/student.ts';
import type { WorkloadName } from './report.ts';

/** One workload with one model and batch on one backend, open and ready: what the method times. */
export interface Subject extends AsyncDisposable {
  /** What it turned out to run on, which may be less than was asked for. */
  readonly threads: number;
  readonly simdLevel?: SimdLevel | undefined;
  readonly notices: readonly string[];
  /**
   * Milliseconds of a pass, `figures` of them, one after the other, measured where the work is done, with the results of each
   * pass read back inside its time. Each is one pass, or the mean of `together` passes timed as one where a pass is too
   * short for the clock. `timePasses` of `core/timing.ts` does so.
   */
  time(figures: number, together: number): Promise<readonly number[]>;
  /**
   * The numbers that the work gives for one of several fixed inputs: outputs, or the loss and the change of weights after
   * steps. Different `which` must give different numbers, so that stale ones are found. It is asked before and after the timing.
   */
  answer(which: number): Promise<NamedArrays>;
  /** Highest bytes so far, where they can be known. */
  peakBytes?(): Promise<number | undefined>;
  /** What the open model holds of them. */
  sessionBytes?(): Promise<number | undefined>;
  /** Ends it at once without waiting for its work: it hangs. */
  kill(): void;
}

/** A model of the benchmark: an ONNX file, a student, or both forms of one network. */
export interface BenchModel {
  readonly name: string;
  /** The bytes of an ONNX file, or where it is. */
  readonly onnx?: Uint8Array | string | undefined;
  /** A student, for the workloads that train. Inference of a student is measured too, also as the ONNX file that `toOnnx` makes. */
  readonly student?: Student | undefined;
  /** Shape of one example of each input; lengths that the file leaves open need one. Default: the model's own. */
  readonly inputs?: Readonly<Record<string, readonly number[]>> | undefined;
  /** How large batches are, of all workloads. Default: one example to answer, `trainingBatch` to train. */
  readonly batches?: readonly number[] | undefined;
  /** Examples of a training step. Default: 32. */
  readonly trainingBatch?: number | undefined;
}

/** A backend: where a workload runs. limbeck's own are in `backends/`, one file each; yours may stand beside them. */
export interface BenchBackend {
  /** As the report names it, with its threads apart: 'kernels', 'onnxruntime-wasm', 'onnxruntime-webgpu', 'tfjs-wasm'. */
  readonly name: string;
  readonly threads: number;
  readonly simdLevel?: SimdLevel | undefined;
  /** Whether its work goes on in another process when its worker is ended, and would slow the others down. Default: no. */
  readonly isOnGpu?: boolean | undefined;
  /** Why it cannot run this here, in one sentence, or undefined. Asked before anything is opened. */
  obstacle(workload: WorkloadName, model: BenchModel): Promise<string | undefined>;
  /** Opens it in a fresh worker. Throws what opening threw; the row is then skipped with the message. */
  open(workload: WorkloadName, model: BenchModel, batch: number, signal: AbortSignal): Promise<Subject>;
}
