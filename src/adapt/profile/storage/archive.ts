import type { Store } from '../../../storage/store.ts';
import type { LearnerPrivacy } from '../privacy.ts';
import { type Answers, openAnswers } from './answers.ts';
import { type Binding, readBinding } from './binding.ts';
import { type Journal, openJournal } from './journal.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { exclusively, exclusivelyIfFree } from './lock.ts';
import { lockName, type Places, placesOf } from './places.ts';
import { settle } from './settle.ts';
import { readState, type State } from './state.ts';
import { openVersions, type Versions } from './versions.ts';

/** What one profile has in its store, and the lock around it. */
export interface Archive {
  readonly store: Store;
  readonly places: Places;
  readonly binding: Binding;
  readonly journal: Journal;
  readonly versions: Versions;
  readonly ledger: Ledger;
  readonly answers: Answers;
  /** What is stored now. */
  read(): Promise<State>;
  /** The same after finishing what a crash left half done; under the lock. */
  settle(): Promise<State>;
  /** Throws    disposed: the profile was destroyed, even if there is another one under its name by now */
  checkThere(): Promise<void>;
  /** Throws    disposed */
  whileThere<T>(work: () => Promise<T>): Promise<T>;
  /**
   * The same under the lock, so in one tab at a time. A tab that did not hear of the profile's end may have waited for the
   * lock: it must write nothing into the profile that came after.
   * Throws    disposed · AbortError
   */
  alone<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** The same at once, or not at all where another tab has the lock. */
  aloneIfFree(work: () => Promise<unknown>): Promise<void>;
  notice(sentence: string): void;
}

export function openArchive(
  store: Store,
  name: string,
  binding: Binding,
  options: {
    readonly privacy: LearnerPrivacy | undefined;
    readonly onNotice: (sentence: string) => void;
    /** Throws    disposed */
    readonly onGone: () => void;
  },
): Archive {
  const { privacy, onNotice } = options;
  const places = placesOf(name);
  const lock = lockName(store, name);

  async function checkThere(): Promise<void> {
    const now = await readBinding(store, places, name);
    if (now?.mark !== binding.mark) options.onGone();
  }

  async function whileThere<T>(work: () => Promise<T>): Promise<T> {
    await checkThere();
    return work();
  }

  const versions = openVersions(store, places, binding.base, onNotice);
  const read = () => readState(store, places, versions, onNotice);
  return {
    ...{ store, places, binding, versions, read, checkThere, whileThere },
    journal: openJournal(store, places, { keys: async () => (await read()).examples, checkThere, onNotice }),
    ledger: openLedger(store, places, { privacy, read, onNotice }),
    answers: openAnswers(store, places, checkThere),
    settle: () => settle(store, places, read),
    alone: (work, signal) => exclusively(lock, () => whileThere(work), signal),
    async aloneIfFree(work) {
      await exclusivelyIfFree(lock, () => whileThere(work));
    },
    notice: onNotice,
  };
}
