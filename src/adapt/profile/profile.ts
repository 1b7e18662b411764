import type { Run } from '../../core/run.ts';
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import type { Patch } from '../../student/patch/patch.ts';
import type { CachedTeacher, CachedTeacherOptions } from '../../teacher/cachedTeacher.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import type { LearnBudget, LearnOptions } from '../budget.ts';
import type { LearnerPrivacy, PrivacyTotal, VersionPrivacy } from './privacy.ts';

/** What is kept of an example: the base's features before its last layer, or its inputs as they were given. */
export type Keeps = 'features' | 'examples';

/** All that is kept, as arrays. */
export interface KeptExamples {
  readonly keeps: Keeps;
  /** The base's inputs [N, …], or `{ features: [N, F] }`. */
  readonly inputs: NamedArrays;
  /** Class of each [N]: an index into `classes`. */
  readonly labels: Int32Array;
  /** The base's labels, then new ones in the order in which they came. */
  readonly classes: readonly string[];
  readonly ids: readonly string[];
}

/** The report of a run, as plain values that JSON can hold. */
export type LearnReport = Readonly<Record<string, unknown>>;

/** What a learner returns: a patch, or why none is applied. */
export type LearnResult =
  | { readonly patch: Patch; readonly report: LearnReport }
  | { readonly patch: undefined; readonly why: string; readonly report: LearnReport };

/** What a learner tells while it works. */
export interface LearnProgress {
  readonly type: 'progress';
  readonly step: number;
  readonly steps?: number;
  readonly loss?: number;
}

/** What learns for a profile. It knows the base; the profile disposes of it if it is disposable. */
export interface ProfileLearner extends Partial<AsyncDisposable> {
  /** The base's inputs: shapes without the batch; a free length is null. */
  readonly inputs: Readonly<Record<string, readonly (number | null)[]>>;
  /** How many classes the base tells apart. */
  readonly classes: number;
  /** Features of examples [N, F], from the base's layer before the last. */
  features(inputs: NamedArrays, signal?: AbortSignal): Promise<NdArray>;
  /** If it learns behind noise: the profile then keeps a ledger and the budget. */
  readonly privacy?: LearnerPrivacy;
  /**
   * Waits until it can learn, such as for what it shares with other runs; the result is disposed of after learning. The
   * profile is not locked while it waits. Default: it always can.
   * Throws    AbortError
   */
  ready?(signal: AbortSignal): Promise<AsyncDisposable>;
  /**
   * Learns from all kept examples, starting at the base, with the `turn` that `ready` gave. A learner
   * with `privacy` awaits `begin` before its first noisy step: from then on the spend counts. If it does not, it is charged
   * when it is done.
   */
  learn(
    kept: KeptExamples,
    budget: LearnBudget,
    emit: (event: LearnProgress) => void,
    signal: AbortSignal,
    begin: () => Promise<void>,
    turn?: AsyncDisposable,
  ): Promise<LearnResult>;
  /** Probabilities [B, C] of the base with a patch; without one, of the base. */
  predict(patch: Patch | undefined, inputs: NamedArrays): Promise<NdArray>;
}

/** One state of a profile. Version 0 is the base, with nothing learned. */
export interface ProfileVersion {
  readonly number: number;
  /** When it was finished, in milliseconds since 1970; 0 for the base. */
  readonly timeMs: number;
  /** Ids of the examples that it was learned from. */
  readonly examples: readonly string[];
  readonly classes: readonly string[];
  readonly report: LearnReport;
  /** If it was learned behind noise. */
  readonly privacy?: VersionPrivacy;
  readonly bytes: number;
}

/** One kept example. */
export interface KeptExample {
  readonly id: string;
  /** Undefined where its bytes are damaged; it is not learned from, and can be forgotten. */
  readonly label: string | undefined;
  /** When it was observed, in milliseconds since 1970. */
  readonly timeMs: number;
  readonly bytes: number;
}

/** What a profile holds and how much room that takes. */
export interface ProfileContents {
  readonly keeps: Keeps;
  readonly examples: number;
  readonly exampleBytes: number;
  readonly versions: number;
  readonly versionBytes: number;
  /** Of what `cachedTeacher` keeps in it. */
  readonly answerBytes: number;
  /** What learning has told about an example so far, including deleted versions. Undefined if nothing was to be hidden. */
  readonly privacy?: PrivacyTotal;
}

/** A profile's answer to an example. */
export interface ProfilePrediction {
  readonly label: string;
  /** The probability of `label`. */
  readonly confidence: number;
  readonly probs: Readonly<Record<string, number>>;
}

/** What a run of learning tells. */
export type LearnEvent =
  | { readonly type: 'started'; readonly examples: number; readonly classes: number }
  | LearnProgress
  | { readonly type: 'not-applied'; readonly why: string; readonly report: LearnReport }
  | { readonly type: 'learned'; readonly version: ProfileVersion };

/** What `watch` hears about learning by itself, and about changes. */
export type ProfileEvent =
  | LearnEvent
  /** Examples or versions changed, here or in another tab. */
  | { readonly type: 'changed' }
  /** It was destroyed, in another tab or by `destroyProfile`: from here on every method throws `disposed`. */
  | { readonly type: 'destroyed' }
  | { readonly type: 'notice'; readonly message: string };

/** One example: an array for a base with one input, or arrays by name, without the batch. */
export type ExampleInput = NdArray | NamedArrays;

/** What is forgotten with an example. */
export interface Forgotten {
  /** Numbers of the versions that had learned from it; they are deleted. */
  readonly versions: readonly number[];
  /** What predicts now, until the rest is learned again. */
  readonly current: ProfileVersion;
}

/** What a person taught a student, in a store. Every method throws `disposed` after disposal, and what the store throws. */
export interface Profile extends AsyncDisposable {
  readonly name: string;
  /** What was left out, such as damaged examples, or why learning by itself failed. */
  readonly notices: readonly string[];
  /**
   * Keeps an example; when this resolves, it is in the store. An id names one example: repeating the same id with the
   * same label writes nothing.
   * Throws    unknown-label · unknown-input · shape-mismatch · not-finite · invalid-option: the id, or the id of an
   *           example with another label · store-full
   */
  observe(input: ExampleInput, label: string, options?: { readonly id?: string }): Promise<string>;
  /** The same, and soon learns from it, unless learning is 'asked'. */
  teach(input: ExampleInput, label: string, options?: { readonly id?: string }): Promise<string>;
  predict(input: ExampleInput): Promise<ProfilePrediction>;
  /**
   * Learns from everything that is kept and gives the version that is current then: a new one or, after the event
   * 'not-applied', the former one.
   * Throws    empty-dataset: nothing is kept · unknown-label: an example, kept before or imported, has a label of its own,
   *           and the learner is to hide it; nothing was spent · privacy-spent: it would tell more than the learner's
   *           budget; nothing was learned · store-full: the version before stays
   */
  learn(options?: LearnOptions): Run<ProfileVersion, LearnEvent>;
  /** Pauses learning by itself, and stops a run of it; `learn` is not affected. */
  pause(): void;
  resume(): void;
  current(): Promise<ProfileVersion>;
  /** The versions to which `rollback` can return, the oldest first; without the base, to which it always can. */
  history(): Promise<readonly ProfileVersion[]>;
  /**
   * Makes an earlier version (0: the base) the one that predicts. Newer ones stay in the history; nothing is learned by
   * itself until another example comes.
   * Throws    invalid-option: no such version
   */
  rollback(version: number, options?: { readonly signal?: AbortSignal }): Promise<ProfileVersion>;
  /**
   * Removes an example and every version that learned from it, for good: the newest older version that never saw it
   * predicts then, or the base, and the rest is learned again. It holds from the first write on, even after a crash. What
   * learning has told about it stays told: no budget comes back. Answers of `profile.cachedTeacher` are deleted too; those
   * of a plain `cachedTeacher` do not belong to the profile, and stay.
   * Throws    invalid-option: no such example
   */
  forget(id: string): Promise<Forgotten>;
  examples(): Promise<readonly KeptExample[]>;
  contents(): Promise<ProfileContents>;
  /** Examples and versions as one file, which anyone can read, even if the store is encrypted. */
  exportBytes(): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Adds what a file holds, all or nothing: its examples, its versions after those here, and its current version becomes
   * current. Examples that were forgotten here and are in the file come back, and what is damaged here and sound there is
   * repaired. The spent budget is then that of both. A file is trusted about which examples its versions learned from: do
   * not import one from a stranger.
   * Throws    profile-invalid: no such file, damaged, or at odds with itself · patch-mismatch: of another base ·
   *           class-mismatch: of other labels · invalid-option: it keeps something else · store-full
   */
  importBytes(bytes: Uint8Array): Promise<ProfileVersion>;
  /**
   * A teacher for this person's own data: it keeps its answers as `cachedTeacher` does, but in this profile, under keys
   * that tell nothing without the profile's secret. `forget` of any example deletes all of them, since an answer does not
   * say to which example it belongs, and so does `destroy`; exported files do not contain them. `teacher` stays the
   * caller's; dispose of the result before the store.
   * Throws    as `cachedTeacher`
   */
  cachedTeacher(teacher: Teacher, options?: Omit<CachedTeacherOptions, 'secret'>): CachedTeacher;
  /** Deletes everything that the profile holds, and disposes of it. What a plain `cachedTeacher` keeps is not in it. */
  destroy(): Promise<void>;
  watch(listener: (event: ProfileEvent) => void): () => void;
}
