import type { NamedArrays } from '../core/shape.ts';

/** What a teacher turned out to be. Plain values for reports. */
export interface TeacherDescription {
  readonly name: string;
  /** Size of the model file; 0 where there is none. */
  readonly bytes: number;
  readonly device: 'wasm';
  readonly threads: number;
  /** Inputs and raw outputs of the model with their shapes; a free length is null. */
  readonly inputs: Readonly<Record<string, readonly (number | null)[]>>;
  readonly outputs: Readonly<Record<string, readonly (number | null)[]>>;
  /** One sentence for everything that makes it slower than it could be. */
  readonly notices: readonly string[];
}

/** Gives named outputs [B, ...] for a batch of inputs [B, ...]. It holds memory: dispose it when done. */
export interface Teacher extends AsyncDisposable {
  readonly description: TeacherDescription;
  ask(inputs: NamedArrays, signal?: AbortSignal): Promise<NamedArrays>;
  /** Milliseconds of each of `repeats` passes over the same batch, after warm-up, without transport and reading. */
  timeMs(inputs: NamedArrays, repeats: number): Promise<number[]>;
}
