import { LimbeckError } from '../../../core/errors.ts';
import { figures } from '../../../core/figures.ts';
import type { Store } from '../../../storage/store.ts';
import { composedEpsilon } from '../../privacy/composed.ts';
import type { LearnerPrivacy, PrivacyTotal, ProfileSpend, VersionPrivacy } from '../privacy.ts';
import { newSpendKey, type Places } from './places.ts';
import { isDamage, packRecord, readRecord, readValue, recordError } from './record.ts';
import type { State } from './state.ts';

/** What learning without noise spends: everything. What cannot be read counts the same. */
export const EVERYTHING: ProfileSpend = { noiseMultiplier: 0, sampleFraction: 1, steps: 1, delta: 0 };

/** One entry by its key. */
export interface LedgerEntry {
  readonly key: string;
  readonly spend: ProfileSpend;
  /** Whether its bytes are here and as they were written. */
  readonly isSound: boolean;
}

/** What a run of learning is about to spend. */
export interface Account {
  /** Undefined where it learns without noise. */
  readonly privacy: VersionPrivacy | undefined;
  /** Records the spend, once. It stays recorded, however the run ends. Throws    privacy-spent */
  begin(): Promise<void>;
}

/**
 * What learning has told about the examples so far, run by run: one key each, written before the run learns, never
 * overwritten, and never deleted before the profile. Runs that were rolled back, refused, forgotten or died count like the
 * others.
 */
export interface Ledger {
  entries(keys: readonly string[]): Promise<LedgerEntry[]>;
  /** Undefined if privacy was never asked for. */
  total(state: State): Promise<PrivacyTotal | undefined>;
  /** Under the lock, before any work. Throws    privacy-spent: the next version would spend more than the budget */
  account(state: State, examples: number): Promise<Account>;
}

export function openLedger(
  store: Store,
  places: Places,
  options: {
    readonly privacy: LearnerPrivacy | undefined;
    readonly read: () => Promise<State>;
    readonly onNotice: (sentence: string) => void;
  },
): Ledger {
  const { privacy, onNotice } = options;

  async function entry(key: string): Promise<LedgerEntry> {
    try {
      const bytes = await readValue(store, places.spent + key);
      if (bytes === undefined) throw recordError('What a run of learning has spent', 'it was deleted');
      return { key, spend: await readSpend(bytes), isSound: true };
    } catch (error) {
      if (!isDamage(error)) throw error;
      onNotice(`${error.message} It counts as everything, until a file that holds it is imported.`);
      return { key, spend: EVERYTHING, isSound: false };
    }
  }

  const entries = (keys: readonly string[]) => Promise.all(keys.map(entry));
  const spends = async (keys: readonly string[]) => (await entries(keys)).map(({ spend }) => spend);

  /** Throws    privacy-spent: `after` is more than the budget */
  function check(before: readonly ProfileSpend[], after: readonly ProfileSpend[]): void {
    const budget = privacy?.budget;
    if (budget === undefined) return;
    const would = totalOf(after);
    // Sums of the same numbers in another order differ by their last digits.
    if (!(would.epsilon <= budget * (1 + 1e-9))) throw budgetSpent(budget, totalOf(before), would);
  }

  async function account(state: State, examples: number): Promise<Account> {
    const before = await spends(state.spent);
    const next = privacy?.spendFor(examples);
    const isMixed = next === undefined ? before.length > 0 : hasUnwritten(state);
    const writes = [...(isMixed ? [EVERYTHING] : []), ...(next === undefined ? [] : [next])];
    check(before, [...before, ...writes]);
    let begun: Promise<void> | undefined;
    const begin = async () => {
      for (const spend of writes) await store.put(places.spent + newSpendKey(), await packSpend(spend));
      // Without locks between tabs, another one may have spent meanwhile.
      if (writes.length > 0) check(before, await spends((await options.read()).spent));
    };
    return {
      privacy: next && {
        epsilon: totalOf([next]).epsilon,
        delta: next.delta,
        totalEpsilon: totalOf([...before, ...writes]).epsilon,
      },
      begin() {
        begun ??= begin();
        return begun;
      },
    };
  }

  return {
    entries,
    async total({ spent }) {
      if (spent.length === 0 && privacy === undefined) return undefined;
      const { budget } = privacy ?? {};
      return { ...totalOf(await spends(spent)), ...(budget !== undefined && { budget }) };
    },
    account,
  };
}

/** Whether versions were learned without noise before the ledger began. */
export function hasUnwritten({ head, spent }: State): boolean {
  return spent.length === 0 && head.last > 0;
}

export function packSpend({ noiseMultiplier, sampleFraction, steps, delta }: ProfileSpend) {
  return packRecord('spent', { noiseMultiplier, sampleFraction, steps, delta });
}

async function readSpend(bytes: Uint8Array): Promise<ProfileSpend> {
  const what = 'What a run of learning has spent';
  return checkSpend((await readRecord(bytes, 'spent', what)).head, what);
}

/** Throws    profile-invalid: no spend; `what` names it */
export function checkSpend(value: unknown, what: string): ProfileSpend {
  const { noiseMultiplier, sampleFraction, steps, delta } = Object(value) as ProfileSpend;
  const isSpend =
    Number.isFinite(noiseMultiplier) &&
    noiseMultiplier >= 0 &&
    sampleFraction > 0 &&
    sampleFraction <= 1 &&
    Number.isSafeInteger(steps) &&
    steps > 0 &&
    delta >= 0 &&
    delta < 1 &&
    (delta > 0 || noiseMultiplier === 0);
  if (!isSpend) throw recordError(what, 'its numbers are none that learning could have spent');
  return { noiseMultiplier, sampleFraction, steps, delta };
}

/** At the smallest promised δ. */
function totalOf(spends: readonly ProfileSpend[]): PrivacyTotal {
  const deltas = spends.map((one) => one.delta).filter((delta) => delta > 0);
  const delta = deltas.length === 0 ? 0 : deltas.reduce((a, b) => Math.min(a, b));
  return { epsilon: composedEpsilon(spends, delta), delta, runs: spends.length };
}

function budgetSpent(budget: number, { epsilon, runs }: PrivacyTotal, would: PrivacyTotal): LimbeckError {
  const spent = Number.isFinite(epsilon)
    ? `The profile has spent ε = ${shown(epsilon)} in ${runs} runs of learning, and the next would make it ${shown(would.epsilon)}`
    : 'The profile has learned without noise, or what it has spent cannot be read, so that its ε has no bound';
  return new LimbeckError(
    'privacy-spent',
    `${spent}; its budget is ${budget} (δ = ${would.delta}). Nothing was learned; what was learned before stays. ` +
      'Learn with more noise, raise "budget" where that may be told, or stop learning.',
    { details: { budget, epsilon, wouldBe: would.epsilon, delta: would.delta, runs } },
  );
}

function shown(value: number): string {
  return figures(value, 4);
}
