import type { NamedArrays } from '../../core/shape.ts';
import type { OpenedModel } from '../../model/model.ts';
import type { Tap } from '../../onnx/describe/taps.ts';
import type { SimdLevel } from '../../runtime/capabilities.ts';
import type { OrtDevice } from '../../runtime/ort.ts';
import type { GivenAnswers } from '../holdsProbs.ts';
import type { ModelInput } from '../input/modelInput.ts';
import type { ReadSpec } from '../read.ts';
import type { RecurrentOptions } from '../recurrentOptions.ts';
import type { OrtSessionOptions } from './ortSessionOptions.ts';
import type { BatchFigure } from './tune.ts';

/** Where a session computes: onnxruntime-web's backends, or limbeck's own kernels. */
export type SessionDevice = OrtDevice | 'kernels';

/** Device, threads and batch size of a model. A fault moves it to another placement. */
export interface Placement {
  readonly device: SessionDevice;
  readonly threads?: number;
  /** The highest SIMD level of the kernels. Default: the engine's. */
  readonly simdLevel?: SimdLevel | undefined;
  /** The most examples that fit at once, if that is known. */
  readonly largestBatch?: number;
}

/** Everything that a session needs, as plain values: it may run in a worker. */
export interface SessionSettings {
  readonly name: string;
  readonly assetBase?: string;
  readonly input?: ModelInput | Readonly<Record<string, ModelInput>>;
  readonly session?: OrtSessionOptions;
  readonly taps?: readonly Tap[];
  readonly untilTaps?: boolean;
  readonly recurrent?: RecurrentOptions;
  readonly outputs?: readonly string[];
  readonly read?: ReadSpec;
  /** What the caller says that 'logits' holds. */
  readonly given?: GivenAnswers;
}

/** A model's files. A blob crosses to a worker without being copied, as often as it must. */
export interface ModelFiles {
  readonly model: Blob;
  readonly externalData: readonly { readonly path: string; readonly data: Blob }[];
}

/** Describes an opened session. */
export interface OpenedSession extends OpenedModel {
  /** The only batch size that the model takes, if it has one. */
  readonly fixedBatch?: number;
  /** Outputs that come from a softmax. */
  readonly softmaxOutputs?: readonly string[];
  /** Inputs of floats for which bytes are the numbers that they are. */
  readonly rawInputs?: readonly string[];
}

/** An ONNX model in onnxruntime-web or on the kernels. One run at a time; calls wait for their turn. */
export interface OnnxSession {
  /** A hash of all of a model's files. */
  hash(files: ModelFiles): Promise<string>;
  open(files: ModelFiles, settings: SessionSettings, placement: Placement): Promise<OpenedSession>;
  /** The outputs by their public names, after `read` if the settings have one. */
  run(inputs: NamedArrays): Promise<NamedArrays>;
  /** Milliseconds of each of `repeats` passes over the same batch, after warm-up. */
  timeMs(inputs: NamedArrays, repeats: number): Promise<number[]>;
  /** Times batches of these examples for about this long: of the given sizes, or of those that may pay. */
  measure(inputs: NamedArrays, budgetMs: number, sizes?: readonly number[]): Promise<BatchFigure[]>;
  close(): Promise<void>;
}
