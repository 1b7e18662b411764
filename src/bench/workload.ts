import type { NamedArrays } from '../core/shape.ts';
import type { WorkloadName } from './report.ts';
import type { OnnxPlace, TfjsPlace } from './session/task.ts';
import type { BenchModel, Subject } from './subject.ts';

/** Where a backend of limbeck's computes: ONNX files, students, or both. */
export interface BenchPlace {
  readonly onnx?: OnnxPlace;
  readonly tfjs?: TfjsPlace;
}

/** How far a backend's answer is from the reference's. */
export interface AnswerCheck {
  /** As a fraction of the reference's range; NaN where one of the two is no number. */
  readonly errorFraction: number;
  /** What is wrong with it, as a clause; undefined if it is right. */
  readonly wrong?: string | undefined;
}

/** What is timed. Each file of `workloads/` exports one. */
export interface Workload {
  readonly name: WorkloadName;
  /** Whether the model has what it needs; where not, there are no rows. */
  suits(model: BenchModel): boolean;
  /** How many examples a pass takes, where nothing else is said. */
  batch(model: BenchModel): number;
  /** Names of the backends that may be the reference, the first that is there in time. */
  references(model: BenchModel): readonly string[];
  /** Why it cannot run there, as a sentence. */
  obstacle(place: BenchPlace, model: BenchModel): string | undefined;
  /** Opens it in a fresh worker. Throws what its engine throws · AbortError */
  open(place: BenchPlace, model: BenchModel, batch: number, signal: AbortSignal): Promise<Subject>;
  check(expected: NamedArrays, given: NamedArrays): AnswerCheck;
}
