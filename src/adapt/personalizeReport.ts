import type { BackendDescription } from '../runtime/backends/backend.ts';
import type { Verdict } from './guard/guard.ts';
import type { Compared, Judged } from './guard/judged.ts';
import type { LabelFindings } from './labelSanity.ts';

/** The report of a run of `personalize`, as plain values. */
export interface PersonalizeReport {
  readonly method: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  /** Why a method other than the chosen one was used. */
  readonly fallback?: string;
  readonly verdict: Verdict;
  /**
   * How much of the changes the guard accepted: 1 is all; 0.5 or 0.25 if all made something worse; 0 is none, which a
   * private run may choose.
   */
  readonly strength: number;
  /** Name of the metric. */
  readonly metric: string;
  /**
   * What the verdict is based on: held-out examples, or all of them, each judged by what others taught. The latter holds
   * for methods that change the last layer alone, which learn from all, and if the held-out examples did not decide.
   */
  readonly judgedBy: 'held-out' | 'cross-fitting' | 'nothing';
  /** The metric on these examples; undefined if there were too few. */
  readonly own: Judged | undefined;
  /** The same on the base's own examples, if given: the difference is what was forgotten. */
  readonly base: Compared | undefined;
  readonly examples: { readonly learned: number; readonly held: number; readonly replayed: number };
  readonly labels: LabelFindings;
  /** What the patch of a private run tells about each example (see `PrivacyOptions`); this report is not covered by it. */
  readonly privacy?: PrivacySpent;
  /** Bytes of the patch as a file. */
  readonly bytes: number;
  readonly seed: number;
  readonly backend: BackendDescription;
  readonly timeMs: { readonly learn: number; readonly total: number };
}

/** What a private run spent, and its settings. */
export interface PrivacySpent {
  readonly epsilon: number;
  readonly delta: number;
  readonly noiseMultiplier: number;
  readonly clipNorm: number;
  readonly sampleFraction: number;
  readonly steps: number;
  /** What the guard's choice tells about a held-out example, in nats; `epsilon` holds for these too. */
  readonly guardEpsilon?: number;
  /** 'given': by `noiseSeed`; then all of this holds only while it stays secret and is used once. */
  readonly noise: 'fresh' | 'given';
}
