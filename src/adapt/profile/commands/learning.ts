import { isAbortError, LimbeckError, throwIfAborted } from '../../../core/errors.ts';
import type { LearnBudget } from '../../budget.ts';
import type { KeptExample, LearnEvent, LearnResult, ProfileLearner, ProfileVersion } from '../profile.ts';
import type { Archive } from '../storage/archive.ts';
import { checkHash } from '../storage/binding.ts';
import { newVersionKey } from '../storage/places.ts';
import { type Head, writeHead } from '../storage/state.ts';
import type { StoredVersion } from '../storage/versions.ts';
import { gather } from './gather.ts';
import { toldVersion } from './told.ts';

export interface Learning {
  /** Gives the version that is current then. */
  learn(budget: LearnBudget, emit: (event: LearnEvent) => void, signal: AbortSignal): Promise<ProfileVersion>;
  /** Learns if something is due; gives whether something still is. */
  learnIfDue(budget: LearnBudget, emit: (event: LearnEvent) => void, signal: AbortSignal): Promise<boolean>;
  /** An example was forgotten: running attempts end, so that `forget` need not wait. */
  startOver(): void;
}

/** Learns from all that is kept, and makes what came out the current version. */
export function openLearning(
  archive: Archive,
  learner: ProfileLearner,
  { mostVersions, onChanged }: { readonly mostVersions: number; readonly onChanged: () => void },
): Learning {
  const { store, places, binding, journal, versions, ledger } = archive;
  const { labels, keeps } = binding;
  const underway = new Set<AbortController>();

  /** Under the lock; undefined if it has to start again, because an example was forgotten meanwhile. */
  async function attempt(
    budget: LearnBudget,
    emit: (event: LearnEvent) => void,
    signal: AbortSignal,
    turn: AsyncDisposable | undefined,
  ): Promise<ProfileVersion | undefined> {
    const settled = await archive.settle();
    const { examples } = settled;
    const { kept, keys } = gather(await journal.read(examples), labels, keeps, archive.notice);
    if (keys.length === 0) throw nothingKept(examples.length);
    await checkLabels(examples);
    const { begin, privacy } = await ledger.account(settled, keys.length);
    throwIfAborted(signal);
    emit({ type: 'started', examples: keys.length, classes: kept.classes.length });
    const controller = new AbortController();
    const follow = () => controller.abort(signal.reason);
    signal.addEventListener('abort', follow, { once: true });
    underway.add(controller);
    let result: LearnResult;
    try {
      result = await learner.learn(kept, budget, emit, controller.signal, begin, turn);
      // Before anyone can see the result.
      await begin();
    } catch (error) {
      if (controller.signal.aborted && !signal.aborted && isAbortError(error)) return undefined;
      throw error;
    } finally {
      underway.delete(controller);
      signal.removeEventListener('abort', follow);
    }
    throwIfAborted(signal);
    // Another tab may have destroyed the profile unheard.
    await archive.checkThere();
    const state = await archive.read();
    if (!keys.every((key) => state.examples.includes(key))) return undefined;
    const { patch, report } = result;
    if (patch === undefined) {
      // If the current version is damaged, its stand-in stays.
      const { head, spent } = state;
      await writeHead(store, places, { ...head, current: state.current?.key ?? null, considered: examples, spent });
      emit({ type: 'not-applied', why: result.why, report });
      return toldVersion(state.current, labels);
    }
    checkHash(patch.base, binding.base, 'What was learned');
    const number = state.head.last + 1;
    // A missing head means a lost one if there are versions: write it before the first version.
    if (number === 1) await writeHead(store, places, { ...state.head, spent: state.spent });
    const head = { timeMs: Date.now(), exampleKeys: keys, classes: patch.labels ?? kept.classes, report, privacy };
    const key = newVersionKey(number);
    const version = await versions.write(key, head, patch);
    await makeCurrent({ ...state.head, spent: state.spent }, version, examples);
    const learned = toldVersion(version, labels);
    emit({ type: 'learned', version: learned });
    return learned;
  }

  /** The head is written once the version is there; then old versions go. A crash in between leaves leftovers only. */
  async function makeCurrent(before: Head, { key, number }: StoredVersion, considered: readonly string[]) {
    const all = [...before.versions, key];
    const kept = all.slice(-mostVersions);
    try {
      await writeHead(store, places, { ...before, current: key, versions: kept, last: number, considered });
    } catch (error) {
      // In a full store the version itself is in the way of the next attempt.
      await store.delete(places.versions + key).catch(() => undefined);
      throw error;
    }
    for (const old of all.slice(0, -mostVersions)) await store.delete(places.versions + old);
  }

  /** Throws    unknown-label: one of an example alone, which a learner with `privacy` could not hide */
  async function checkLabels(examples: readonly string[]): Promise<void> {
    if (learner.privacy === undefined) return;
    const own = (await journal.entries(examples)).filter(({ label = '' }) => label !== '' && !labels.includes(label));
    if (own.length > 0) throw labelsTell(own, labels);
  }

  /** The learner's turn comes before the lock, so that waiting for it blocks nobody. */
  async function inTurn<T>(work: (turn: AsyncDisposable | undefined) => Promise<T>, signal: AbortSignal): Promise<T> {
    // Refuse first what can be refused.
    await archive.checkThere();
    const { examples } = await archive.read();
    if (examples.length === 0) throw nothingKept(0);
    await checkLabels(examples);
    const turn = await learner.ready?.(signal);
    try {
      return await archive.alone(() => work(turn), signal);
    } finally {
      await turn?.[Symbol.asyncDispose]();
    }
  }

  return {
    async learn(budget, emit, signal) {
      for (;;) {
        const learned = await inTurn((turn) => attempt(budget, emit, signal, turn), signal);
        if (learned === undefined) continue;
        onChanged();
        return learned;
      }
    },
    async learnIfDue(budget, emit, signal) {
      const isDue = async () => (await archive.read()).isDue;
      if (!(await isDue())) return false;
      await inTurn(async (turn) => {
        if (!(await isDue())) return;
        await attempt(budget, emit, signal, turn);
        onChanged();
      }, signal);
      return isDue();
    },
    startOver() {
      for (const controller of underway) controller.abort();
    },
  };
}

function labelsTell(own: readonly KeptExample[], labels: readonly string[]): LimbeckError {
  const named = own.map(({ id, label }) => `"${id}" (${label})`).join(', ');
  return new LimbeckError(
    'unknown-label',
    `The labels of these examples are none of the base's, which are ${labels.join(', ')}: ${named}. Learning behind noise ` +
      'hides an example, and not a class that only it has. Nothing was learned or spent. forget(id) removes one; observe it ' +
      'anew with a label of the base.',
    { details: { examples: own.map(({ id }) => id), labels } },
  );
}

function nothingKept(there: number): LimbeckError {
  const damaged = there === 0 ? '' : ` The ${there} that are there are damaged; examples() names them.`;
  return new LimbeckError(
    'empty-dataset',
    `The profile holds no example to learn from.${damaged} Call observe or teach first.`,
    { details: { role: 'profile', damaged: there } },
  );
}
