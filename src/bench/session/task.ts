import type { NamedArrays } from '../../core/shape.ts';
import type { SimdLevel } from '../../runtime/capabilities.ts';
import type { StudentArtifacts } from '../../student/student.ts';
import type { ModelFiles, SessionDevice } from '../../teacher/session/sessionSettings.ts';

/** Where an ONNX file runs: a backend of onnxruntime, or the kernels as its engine. */
export interface OnnxPlace {
  readonly device: SessionDevice;
  readonly threads: number;
  readonly simdLevel?: SimdLevel | undefined;
}

/** Where a student runs and trains: tfjs with limbeck's kernels, or as it comes. */
export interface TfjsPlace {
  readonly engine: 'kernels' | 'cpu' | 'wasm' | 'webgl' | 'webgpu';
  readonly threads: number;
  readonly simdLevel?: SimdLevel | undefined;
}

/** What every task says. */
interface AnyTask {
  readonly name: string;
  readonly batch: number;
  readonly seed: number;
  readonly assetBase?: string | undefined;
  /** How many different tokens an input has, by its name, where its numbers are tokens. */
  readonly tokens?: Readonly<Record<string, number>> | undefined;
  /** Shape of one example of each input. Default: the model's own. */
  readonly shapes?: Readonly<Record<string, readonly number[]>> | undefined;
}

/** What a session times, as plain values that cross to its worker. */
export type BenchTask = AnyTask &
  (
    | { readonly work: 'onnx'; readonly files: ModelFiles; readonly place: OnnxPlace }
    | { readonly work: 'predict'; readonly student: StudentArtifacts; readonly place: TfjsPlace }
    | {
        readonly work: 'train';
        readonly student: StudentArtifacts;
        readonly place: TfjsPlace;
        /** Cross-entropy with labels, or softened answers of a teacher. */
        readonly loss: 'crossEntropy' | 'softTargets';
      }
  );

/** A task that is open on this thread. */
export interface OpenWork {
  readonly threads: number;
  readonly simdLevel?: SimdLevel | undefined;
  readonly notices: readonly string[];
  /** One pass over the batch; its results are read when it resolves. */
  pass(): unknown;
  answer(which: number): Promise<NamedArrays>;
  /** Bytes of its heap, which never shrinks; undefined where that cannot be known. */
  heapBytes(): number | undefined;
  /** What the model holds of it. */
  sessionBytes(): number | undefined;
  dispose(): Promise<void>;
}
