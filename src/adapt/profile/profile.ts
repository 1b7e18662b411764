import type { Run } from '../../core/run.ts';
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import type { Patch } from '../../student/patch/patch.ts';
import type { CachedTeacher, CachedTeacherOptions } from '../../teacher/cachedTeacher.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import type { LearnBudget, LearnOptions } from '../budget.ts';
import type { LearnerPrivacy, PrivacyTotal, VersionPrivacy } from './privacy.ts';

/** What is kept of an example: the base's features before its last layer, or its inputs as they were given. */
export type Keeps = 'features' | 'examples';

/** All that is kept, as arrays; example i has the key `keys[i]`. */
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

/** What learning came to, as plain values that JSON can hold. */
export type LearnReport = Readonly<Record<string, unknown>>;

/** What a learner gives back: a patch, or why none is applied. */
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

/** What a profile needs of the thing that learns. It knows the base; a profile disposes of it where it can be disposed of. */
export interface ProfileLearner extends Partial<AsyncDisposable> {
  /** The base's inputs: shapes without the batch; a free length is null. */
  readonly inputs: Readonly<Record<string, readonly (number | null)[]>>;
  /** How many classes the base tells apart. */
  readonly classes: number;
  /** Features of examples [N, F], from the base's layer before the last. */
  features(inputs: NamedArrays, signal?: AbortSignal): Promise<NdArray>;
  /** Where it learns behind noise: the profile then keeps a ledger, and the budget. */
  readonly privacy?: LearnerPrivacy;
  /**
   * Waits until it could learn at once, such as for what it shares with other runs; what this gives is disposed of afterwards.
   * Meanwhile the profile is not locked, so that nobody else waits along. Default: it always could.
   * Throws    AbortError
   */
  ready?(signal: AbortSignal): Promise<AsyncDisposable>;
  /**
   * Learns from all kept examples, starting at the base, with the `turn` that `ready` gave. One with `privacy` awaits `begin` before its first noisy step: from
   * then on the spend counts. One that never does is charged when it is done.
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
  /** Where it was learned behind noise. */
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
  /** What learning has told of an example so far, also by versions that are gone. Undefined where nothing was to be hidden. */
  readonly privacy?: PrivacyTotal;
}

/** What a profile says of an example. */
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

/** What `watch` hears of learning that nobody asked for, and of the rest. */
export type ProfileEvent =
  | LearnEvent
  /** Something is kept, forgotten or current that was not before, here or in another tab. */
  | { readonly type: 'changed' }
  /** It was destroyed, in another tab or by `destroyProfile`: from here on every method throws `disposed`. */
  | { readonly type: 'destroyed' }
  | { readonly type: 'notice'; readonly message: string };

/** One example: an array for a base with one input, or arrays by name, without the batch. */
export type ExampleInput = NdArray | NamedArrays;

/** What the learning forgets with an example. */
export interface Forgotten {
  /** Numbers of the versions that had learned from it; they are deleted. */
  readonly versions: readonly number[];
  /** What predicts now, until the rest is learned anew. */
  readonly current: ProfileVersion;
}

/** What a person taught a student, in a store. Every method throws `disposed` after disposal, and what the store throws. */
export interface Profile extends AsyncDisposable {
  readonly name: string;
  /** What was found and left out, such as damaged examples, or why learning by itself failed. */
  readonly notices: readonly string[];
  /**
   * Keeps an example; when this resolves, it is in the store. An id names one example: the same id with the same label
   * again is that example and writes nothing.
   * Throws    unknown-label · unknown-input · shape-mismatch · not-finite · invalid-option: the id, or the id of an
   *           example with another label · store-full
   */
  observe(input: ExampleInput, label: string, options?: { readonly id?: string }): Promise<string>;
  /** The same, and soon learns from it, where learning is not 'asked'. */
  teach(input: ExampleInput, label: string, options?: { readonly id?: string }): Promise<string>;
  predict(input: ExampleInput): Promise<ProfilePrediction>;
  /**
   * Learns from everything that is kept and gives the version that is current then: a new one, or, after the event
   * 'not-applied', the one that was.
   * Throws    empty-dataset: nothing is kept · unknown-label: an example, kept before or imported, has a label of its own, and
   *           the learner is to hide it; nothing was spent · privacy-spent: it would tell more than the learner's budget; nothing was
   *           learned · store-full: the version before stays
   */
  learn(options?: LearnOptions): Run<ProfileVersion, LearnEvent>;
  /** Holds back learning by itself, and stops one that is underway; `learn` is not touched. */
  pause(): void;
  resume(): void;
  current(): Promise<ProfileVersion>;
  /** The versions that can be gone back to, the oldest first; not the base, which always can. */
  history(): Promise<readonly ProfileVersion[]>;
  /**
   * Makes an earlier version (0: the base) the one that predicts. Newer ones stay in the history; nothing is learned by
   * itself until a further example comes.
   * Throws    invalid-option: no such version
   */
  rollback(version: number, options?: { readonly signal?: AbortSignal }): Promise<ProfileVersion>;
  /**
   * Removes an example and every version that learned from it, for good: what predicts is then the newest older version
   * that never saw it, or the base, and the rest is learned anew. It holds from the first write on, however it ends. What
   * learning has told of it stays told: no budget comes back. Answers of `profile.cachedTeacher` go too; those of a plain
   * `cachedTeacher` are none of the profile's, and stay.
   * Throws    invalid-option: no such example
   */
  forget(id: string): Promise<Forgotten>;
  examples(): Promise<readonly KeptExample[]>;
  contents(): Promise<ProfileContents>;
  /** Examples and versions as one file, readable by whoever has it, also where the store is encrypted. */
  exportBytes(): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Adds what a file holds, all or nothing: its examples, its versions behind those here, and what was current there is
   * current here. Examples that were forgotten here and are in the file come back, and what is damaged here and sound there
   * is healed. What learning has spent is then what was spent here or there. A file is believed about which examples its
   * versions learned from: import none that a stranger made.
   * Throws    profile-invalid: no such file, damaged, or at odds with itself · patch-mismatch: of another base ·
   *           class-mismatch: of other labels · invalid-option: it keeps something else · store-full
   */
  importBytes(bytes: Uint8Array): Promise<ProfileVersion>;
  /**
   * A teacher for this person's own data: it keeps its answers as `cachedTeacher` does, but in this profile, under keys that
   * tell nothing without the profile's secret. `forget` of any example deletes all of them, as none says of which example it
   * is, and `destroy` too; they leave with no file. `teacher` stays the caller's; dispose of what this gives before the store.
   * Throws    as `cachedTeacher`
   */
  cachedTeacher(teacher: Teacher, options?: Omit<CachedTeacherOptions, 'secret'>): CachedTeacher;
  /** Deletes everything that the profile holds, and disposes of it. What a plain `cachedTeacher` keeps is not in it. */
  destroy(): Promise<void>;
  watch(listener: (event: ProfileEvent) => void): () => void;
}
