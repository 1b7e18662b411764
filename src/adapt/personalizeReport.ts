import type { BackendDescription } from '../runtime/backends/backend.ts';
import type { Verdict } from './guard/guard.ts';
import type { Compared, Judged } from './guard/judged.ts';
import type { LabelFindings } from './labelSanity.ts';

/** What happened in a run of `personalize`, as plain values. */
export interface PersonalizeReport {
  readonly method: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  /** Why another method than the one asked for was used. */
  readonly fallback?: string;
  readonly verdict: Verdict;
  /**
   * How much of the changes the guard took: 1 all, 0.5 or 0.25 where all made something worse; 0, none, as a private run may
   * choose.
   */
  readonly strength: number;
  /** Its name. */
  readonly metric: string;
  /**
   * What the verdict rests on: examples that were held out, or all of them, each judged by what others taught. So it is
   * with methods that change the last layer alone, which learn from all, and where those that were held out left it open.
   */
  readonly judgedBy: 'held-out' | 'cross-fitting' | 'nothing';
  /** The metric on these examples of the person's; undefined where there were too few. */
  readonly own: Judged | undefined;
  /** The same on the base's own examples, where they were given: the difference is what was forgotten. */
  readonly base: Compared | undefined;
  readonly examples: { readonly learned: number; readonly held: number; readonly replayed: number };
  readonly labels: LabelFindings;
  /** What the patch of a private run tells of each example, as `PrivacyOptions` says; this report is not covered by it. */
  readonly privacy?: PrivacySpent;
  /** Bytes of the patch as a file. */
  readonly bytes: number;
  readonly seed: number;
  readonly backend: BackendDescription;
  readonly timeMs: { readonly learn: number; readonly total: number };
}

/** What a private run gave away, and by what numbers. */
export interface PrivacySpent {
  readonly epsilon: number;
  readonly delta: number;
  readonly noiseMultiplier: number;
  readonly clipNorm: number;
  readonly sampleFraction: number;
  readonly steps: number;
  /** What the guard's choice alone tells of a held-out example, in nats; `epsilon` holds for these too. */
  readonly guardEpsilon?: number;
  /** 'given': by `noiseSeed`; then all of this holds only while that stays secret, and is used once. */
  readonly noise: 'fresh' | 'given';
}
