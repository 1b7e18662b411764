import { throwIfAborted } from '../../core/errors.ts';
import { permutation, seededRandom } from '../../core/random.ts';
import type { Subject } from '../subject.ts';
import { type Clock, realClock } from './clock.ts';
import { type Entrant, enter } from './entrant.ts';
import type { Measured } from './measured.ts';

/** How long subjects are measured, and who is told. */
export interface MeasureSettings {
  /** Milliseconds for all subjects together, with warming up. It is kept to within a turn, except by subjects that hang. */
  readonly budgetMs: number;
  /** Of the order in which they take their turns. */
  readonly seed: number;
  /** Default: `performance.now` and `setTimeout`. */
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told after each round what is known so far, and how much of the budget is used. */
  readonly onRound?: ((soFar: ReadonlyMap<string, Measured>, doneFraction: number) => void) | undefined;
}

/** Share of a subject's budget that may go into warming up. */
const WARM_UP_SHARE = 0.25;
/** A budget is cut into about so many rounds, of turns between these lengths. */
const ROUNDS = 60;
const LEAST_TURN_MS = 60;
const MOST_TURN_MS = 200;

/**
 * Times subjects side by side: in each round every subject takes a turn, in an order that is drawn anew, so that whatever
 * happens to the machine happens to all. Before, each is run until it has settled. One that throws or hangs has no more turns,
 * and the others go on. The subjects stay the caller's; one that hung is killed.
 * Throws    AbortError: the signal was aborted
 */
export async function measureSubjects(
  subjects: readonly { readonly key: string; readonly subject: Subject }[],
  { budgetMs, seed, clock = realClock(), signal, onRound }: MeasureSettings,
): Promise<ReadonlyMap<string, Measured>> {
  const random = seededRandom(seed);
  const began = clock.now();
  const entrants = subjects.map(({ key, subject }) => enter(key, subject, clock, signal));
  const shareMs = budgetMs / Math.max(1, entrants.length);
  const alive = () => entrants.filter(({ isAlive }) => isAlive);
  const leftMs = () => budgetMs - (clock.now() - began);
  const results = (rounds: number) => new Map(entrants.map((entrant) => [entrant.key, entrant.measured(rounds)]));

  for (const entrant of shuffled(entrants, random)) {
    throwIfAborted(signal);
    await entrant.warmUp(WARM_UP_SHARE * shareMs);
  }
  const count = Math.max(1, alive().length);
  const turnMs = Math.min(MOST_TURN_MS, Math.max(LEAST_TURN_MS, leftMs() / count / ROUNDS));
  // A subject whose passes are longer than a turn sits out rounds until it has had no more than the others.
  const credits = new Map(entrants.map((entrant) => [entrant, 0]));
  let rounds = 0;
  while (alive().length > 0 && (rounds === 0 || alive().some(({ passMs }) => passMs < leftMs()))) {
    let turns = 0;
    for (const entrant of shuffled(alive(), random)) {
      const credit = (credits.get(entrant) as number) + turnMs;
      credits.set(entrant, credit);
      if (rounds > 0 && (credit <= 0 || entrant.passMs > leftMs())) continue;
      throwIfAborted(signal);
      const before = entrant.spentMs;
      await entrant.turn(rounds, turnMs);
      credits.set(entrant, Math.min(turnMs, credit - (entrant.spentMs - before)));
      turns++;
    }
    if (turns === 0) continue;
    rounds++;
    onRound?.(results(rounds), Math.min(1, 1 - leftMs() / budgetMs));
  }
  return results(rounds);
}

function shuffled(entrants: readonly Entrant[], random: () => number): readonly Entrant[] {
  return [...permutation(entrants.length, random)].map((i) => entrants[i] as Entrant);
}
