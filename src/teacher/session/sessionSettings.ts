import type { NamedArrays } from '../../core/shape.ts';
import type { OpenedModel } from '../../model/model.ts';
import type { Tap } from '../../onnx/taps.ts';
import type { OrtDevice } from '../../runtime/ort.ts';
import type { GivenAnswers } from '../holdsProbs.ts';
import type { ModelInput } from '../input/modelInput.ts';
import type { ReadSpec } from '../read.ts';
import type { RecurrentOptions } from '../recurrent.ts';
import type { OrtSessionOptions } from './ortSessionOptions.ts';
import type { BatchFigure } from './tune.ts';

/** Where a session computes: onnxruntime-web's backends, or limbeck's own kernels. */
export type SessionDevice = OrtDevice | 'kernels';

/** Where and how wide a model runs. What goes wrong there moves it to another place. */
export interface Placement {
  readonly device: SessionDevice;
  readonly threads?: number;
  /** The most examples that fit at once, where that was found out. */
  readonly largestBatch?: number;
}

/** All that a session is told, as plain values: it may lie in a worker. */
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

/** What an opened session turned out to be. */
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
  /** The outputs by their public names, read where the settings say how. */
  run(inputs: NamedArrays): Promise<NamedArrays>;
  /** Milliseconds of each of `repeats` passes over the same batch, after warm-up. */
  timeMs(inputs: NamedArrays, repeats: number): Promise<number[]>;
  /** Times batches made of these examples for about so long: of the given sizes, or of those that may pay. */
  measure(inputs: NamedArrays, budgetMs: number, sizes?: readonly number[]): Promise<BatchFigure[]>;
  close(): Promise<void>;
}
