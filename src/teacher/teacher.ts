import type { NamedArrays } from '../core/shape.ts';
import type { SimdLevel } from '../runtime/capabilities.ts';
import type { SizeFigure } from './session/batchSizes.ts';

/** What a teacher computes on: a backend of onnxruntime-web, limbeck's kernels, tfjs, a function of the page, or several of these. */
export type TeacherDevice = 'wasm' | 'kernels' | 'webgpu' | 'webnn' | 'native' | 'tfjs' | 'function' | 'several';

/** Describes a loaded teacher. Plain values for reports. */
export interface TeacherDescription {
  readonly name: string;
  /** Size of the model file; 0 if there is none. */
  readonly bytes: number;
  readonly device: TeacherDevice;
  readonly threads: number;
  /** Of limbeck's kernels, if the teacher runs on them. */
  readonly simdLevel?: SimdLevel;
  /** The members of an ensemble. */
  readonly members?: readonly TeacherDescription[];
  /** Why it runs on this device with this batch size, in a sentence or two. */
  readonly why?: string;
  /** The best batch size for this model and device, as far as is known. Default 32. */
  readonly batchSize?: number;
  /** What batches cost, by size, measured on the batches that were asked. */
  readonly batchFigures?: readonly SizeFigure[];
  /**
   * Differs for every teacher that may answer differently: a hash of the model and of how it is fed, tapped and read.
   * Undefined where that cannot be known, as for functions of the page; to cache such a teacher, give a version.
   */
  readonly identity?: string;
  /** Inputs and raw outputs of the model with their shapes; a free length is null. */
  readonly inputs: Readonly<Record<string, readonly (number | null)[]>>;
  readonly outputs: Readonly<Record<string, readonly (number | null)[]>>;
  /**
   * Outputs that are probabilities in the model; the teacher gives their logarithms, which losses read as logits. Undefined
   * if nothing is known; then the first answers decide.
   */
  readonly fromProbs?: readonly string[];
  /** Whether feature maps are [B, C, H, W], as in ONNX models, or [B, H, W, C]. Default 'last'. */
  readonly channels?: 'first' | 'last';
  /** One sentence for each thing that makes it slower than it could be. */
  readonly notices: readonly string[];
}

/** What a teacher did so far. */
export interface TeacherUsage {
  /** Batches that the model itself computed, and their examples. */
  readonly calls: number;
  readonly computed: number;
  /** Examples that were answered from a cache. */
  readonly found: number;
}

/** Gives named outputs [B, ...] for a batch of inputs [B, ...]. It holds memory: dispose it when done. */
export interface Teacher extends AsyncDisposable {
  /** The current state: a fallback during work changes device, threads and notices. */
  readonly description: TeacherDescription;
  ask(inputs: NamedArrays, signal?: AbortSignal): Promise<NamedArrays>;
  /**
   * The size of the next batch: the `batchSize` of its description, or now and then another size, to measure whether that is
   * better. Without this function, `batchSize` serves as well.
   */
  nextBatchSize?(): number | undefined;
  /** Milliseconds of each of `repeats` passes over the same batch, after warm-up, without transport and `read`. */
  timeMs(inputs: NamedArrays, repeats: number): Promise<number[]>;
  /** Calls `listener` when something changes during work, such as a lost device. Returns a function that stops it. */
  watch?(listener: (notice: string) => void): () => void;
  usage?(): TeacherUsage;
}

const DEFAULT_BATCH = 32;

/** How many examples to ask a teacher about next, unless a number was given. */
export function nextBatchSize(teacher: Pick<Teacher, 'nextBatchSize' | 'description'>, given?: number): number {
  return Math.max(1, given ?? teacher.nextBatchSize?.() ?? teacher.description.batchSize ?? DEFAULT_BATCH);
}
