import type { NamedArrays } from '../core/shape.ts';
import type { OpenedModel } from '../model/model.ts';
import type { StudentArtifacts } from '../student/student.ts';

/** What computes a student's answers. */
export type EngineName = 'onnxruntime' | 'tfjs';

export interface EngineOptions {
  readonly name: string;
  readonly threads?: number;
  readonly assetBase?: string;
}

/** A student that is ready to answer. One run at a time; calls wait for their turn. */
export interface Engine extends AsyncDisposable {
  readonly name: EngineName;
  /** Whether all tabs of the origin ask the same model. */
  readonly isShared?: boolean;
  readonly opened: OpenedModel;
  /** Throws    unknown-input · not-finite · shape-mismatch · student-invalid · out-of-memory · worker-died */
  run(inputs: NamedArrays): Promise<NamedArrays>;
}

/** A student in one of its forms. */
export type EngineModel =
  | { readonly engine: 'onnxruntime'; readonly onnx: Uint8Array }
  | { readonly engine: 'tfjs'; readonly artifacts: StudentArtifacts };
