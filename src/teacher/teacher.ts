import type { NamedArrays } from '../core/shape.ts';
import type { SimdLevel } from '../runtime/capabilities.ts';
import type { SizeFigure } from './session/batchSizes.ts';

/** Where a teacher computes: onnxruntime-web's backends, limbeck's kernels, tfjs, the page's own function, or several of these. */
export type TeacherDevice = 'wasm' | 'kernels' | 'webgpu' | 'webnn' | 'tfjs' | 'function' | 'several';

/** What a teacher turned out to be. Plain values for reports. */
export interface TeacherDescription {
  readonly name: string;
  /** Size of the model file; 0 where there is none. */
  readonly bytes: number;
  readonly device: TeacherDevice;
  readonly threads: number;
  /** Of limbeck's kernels, where they compute. */
  readonly simdLevel?: SimdLevel;
  /** Of an ensemble, those of its members. */
  readonly members?: readonly TeacherDescription[];
  /** Why it runs where it runs and is asked so many at a time, in a sentence or two. */
  readonly why?: string;
  /** Examples to ask about at a time, as it suits model and device, as far as is known. Default 32. */
  readonly batchSize?: number;
  /** What batches of each size cost, found out on what was asked; by size. */
  readonly batchFigures?: readonly SizeFigure[];
  /**
   * Tells this teacher from every other that may answer differently: a hash of the model, of how it is fed, tapped and
   * read. Undefined where that cannot be known, as with functions of the page; such a teacher can be cached under a
   * version that the caller gives.
   */
  readonly identity?: string;
  /** Inputs and raw outputs of the model with their shapes; a free length is null. */
  readonly inputs: Readonly<Record<string, readonly (number | null)[]>>;
  readonly outputs: Readonly<Record<string, readonly (number | null)[]>>;
  /**
   * Outputs that its model gives as probabilities, and it as their logarithms, which losses read as logits. Undefined where
   * nothing is known; then the first answers are looked at.
   */
  readonly fromProbs?: readonly string[];
  /** Whether maps among its outputs are [B, C, H, W], as ONNX models have them, or [B, H, W, C]. Default 'last'. */
  readonly channels?: 'first' | 'last';
  /** One sentence for everything that makes it slower than it could be. */
  readonly notices: readonly string[];
}

/** What a teacher did so far. */
export interface TeacherUsage {
  /** Batches that the model itself computed, and the examples in them. */
  readonly calls: number;
  readonly computed: number;
  /** Examples that were answered from a cache. */
  readonly found: number;
}

/** Gives named outputs [B, ...] for a batch of inputs [B, ...]. It holds memory: dispose it when done. */
export interface Teacher extends AsyncDisposable {
  /** As it is now: a fallback while it works changes device, threads and notices. */
  readonly description: TeacherDescription;
  ask(inputs: NamedArrays, signal?: AbortSignal): Promise<NamedArrays>;
  /**
   * How many examples to ask about next: the `batchSize` of its description, or now and then another number, from which it
   * finds out whether that is better. Where it is missing, `batchSize` is as good.
   */
  nextBatchSize?(): number | undefined;
  /** Milliseconds of each of `repeats` passes over the same batch, after warm-up, without transport and reading. */
  timeMs(inputs: NamedArrays, repeats: number): Promise<number[]>;
  /** Tells what changes while it works, such as a lost device and what it runs on now. Gives a function that ends it. */
  watch?(listener: (notice: string) => void): () => void;
  usage?(): TeacherUsage;
}

const DEFAULT_BATCH = 32;

/** How many examples to ask a teacher about next, unless a number was given. */
export function nextBatchSize(teacher: Pick<Teacher, 'nextBatchSize' | 'description'>, given?: number): number {
  return Math.max(1, given ?? teacher.nextBatchSize?.() ?? teacher.description.batchSize ?? DEFAULT_BATCH);
}
