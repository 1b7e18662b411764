import type { NamedArrays } from '../core/shape.ts';
import type { StudentArtifacts } from '../student/student.ts';

/** What computes a student's answers. */
export type EngineName = 'onnxruntime' | 'tfjs';

/** What a student turned out to be where it was opened. Plain values. */
export interface OpenedEngine {
  readonly threads: number;
  /** With the batch; a free length is null. */
  readonly inputs: Readonly<Record<string, readonly (number | null)[]>>;
  readonly outputs: Readonly<Record<string, readonly (number | null)[]>>;
  readonly notices: readonly string[];
}

export interface EngineOptions {
  readonly name: string;
  readonly threads?: number;
  readonly assetBase?: string;
}

/** A student that is ready to answer. One run at a time; calls wait for their turn. */
export interface Engine {
  readonly name: EngineName;
  readonly opened: OpenedEngine;
  run(inputs: NamedArrays): Promise<NamedArrays>;
  end(): Promise<void>;
}

/** The forms in which a student is at hand. */
export type EngineModel =
  | { readonly engine: 'onnxruntime'; readonly onnx: Uint8Array }
  | { readonly engine: 'tfjs'; readonly artifacts: StudentArtifacts };
