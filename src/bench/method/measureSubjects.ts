import { throwIfAborted } from '../../core/errors.ts';
import { permutation, seededRandom } from '../../core/random.ts';
import type { Subject } from '../subject.ts';
import { type Clock, realClock } from './clock.ts';
import { compareRounds } from './compareRounds.ts';
import { type Entrant, enter } from './entrant.ts';
import { levelOf, standardError } from './level.ts';
import type { Measured } from './measured.ts';
import { type Noticed, noticedIn } from './noticed.ts';
import { roundsMsOf } from './roundsMs.ts';

/** How long subjects are measured, and who is told. */
export interface MeasureSettings {
  /**
   * Milliseconds for all subjects together, with warming up. It is kept to within a turn, except by subjects that hang, and where three
   * rounds take longer that would fit into each subject's share.
   */
  readonly budgetMs: number;
  /** Default: as many as fit. */
  readonly mostRounds?: number | undefined;
  /** Of the order in which they take their turns. */
  readonly seed: number;
  /** Default: `performance.now` and `setTimeout`. */
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told every half second, after a round, what is known so far, and how much of the budget is used. */
  readonly onRound?: ((soFar: ReadonlyMap<string, Measured>, doneFraction: number) => void) | undefined;
}

/** Share of a subject's budget that may go into warming up. */
const WARM_UP_SHARE = 0.25;
/** A budget is cut into about so many rounds, of turns between these lengths. */
const ROUNDS = 100;
const LEAST_TURN_MS = 40;
const MOST_TURN_MS = 150;
const TELL_MS = 500;
/** Fewer rounds cannot be compared. Who could take so many within its share gets them, whatever warming up took. */
const OWED_ROUNDS = 3;
/** What is known well enough is not measured until the budget is used: asked after so many rounds, and again and again. */
const LEAST_ROUNDS = 40;
const LOOK_ROUNDS = 10;
/** Surer than at the end, because it is asked often. */
const LOOK_CONFIDENCE = 0.999;
/** Standard error of a subject's typical round, as a fraction. */
const TIGHT = 0.01;

/**
 * Times subjects side by side: in each round every subject takes a turn, in an order that is drawn anew, so that whatever
 * happens to the machine happens to all. Before, each is run until it has settled. One that throws or hangs has no more turns,
 * and the others go on. The subjects stay the caller's; one that hung is killed.
 * Throws    AbortError: the signal was aborted
 */
export async function measureSubjects(
  subjects: readonly { readonly key: string; readonly subject: Subject }[],
  { budgetMs, mostRounds = Number.POSITIVE_INFINITY, seed, clock = realClock(), signal, onRound }: MeasureSettings,
): Promise<ReadonlyMap<string, Measured>> {
  const random = seededRandom(seed);
  const began = clock.now();
  const entrants = subjects.map(({ key, subject }) => enter(key, subject, clock, signal));
  const shareMs = budgetMs / Math.max(1, entrants.length);
  const alive = () => entrants.filter(({ isAlive }) => isAlive);
  // Waiting for what failed is not taken from the others.
  let lostMs = 0;
  const leftMs = () => budgetMs + lostMs - (clock.now() - began);
  const results = (rounds: number) => resultsOf(entrants, rounds);

  for (const entrant of shuffled(entrants, random)) {
    throwIfAborted(signal);
    await entrant.warmUp(WARM_UP_SHARE * shareMs);
    if (!entrant.isAlive) lostMs += entrant.spentMs;
  }
  const count = Math.max(1, alive().length);
  const turnMs = Math.min(MOST_TURN_MS, Math.max(LEAST_TURN_MS, leftMs() / count / ROUNDS));
  // A subject whose passes are longer than a turn sits out rounds until it has had no more than the others.
  const credits = new Map(entrants.map((entrant) => [entrant, 0]));
  let rounds = 0;
  let toldAt = clock.now();
  const isOwed = ({ passMs }: Entrant) => rounds === 0 || (rounds < OWED_ROUNDS && OWED_ROUNDS * passMs <= shareMs);
  while (alive().some((entrant) => isOwed(entrant) || entrant.passMs < leftMs())) {
    let turns = 0;
    for (const entrant of shuffled(alive(), random)) {
      const credit = (credits.get(entrant) as number) + turnMs;
      credits.set(entrant, credit);
      if (!isOwed(entrant) && (credit <= 0 || entrant.passMs > leftMs())) continue;
      throwIfAborted(signal);
      const before = entrant.spentMs;
      await entrant.turn(rounds, turnMs);
      if (!entrant.isAlive) lostMs += entrant.spentMs - before;
      credits.set(entrant, Math.min(turnMs, credit - (entrant.spentMs - before)));
      turns++;
    }
    if (turns === 0) continue;
    rounds++;
    if (clock.now() - toldAt >= TELL_MS) {
      onRound?.(results(rounds), Math.min(1, 1 - leftMs() / budgetMs));
      toldAt = clock.now();
    }
    if (rounds >= mostRounds) break;
    if (rounds >= LEAST_ROUNDS && rounds % LOOK_ROUNDS === 0 && isDecided(alive(), rounds)) break;
  }
  return results(rounds);
}

function resultsOf(entrants: readonly Entrant[], rounds: number): ReadonlyMap<string, Measured> {
  const seen = entrants.map((entrant) => roundsMsOf(entrant.measured(rounds, 0)).map(Math.log));
  const noticed = noticedIn(seen);
  return new Map(
    entrants.map((entrant, i) => {
      const { settledAt, notices } = noticed[i] as Noticed;
      const measured = entrant.measured(rounds, settledAt);
      return [entrant.key, { ...measured, notices: [...measured.notices, ...notices] }];
    }),
  );
}

/** Whether each is known well by itself, and surely faster or slower than the fastest, or equal to it. */
function isDecided(entrants: readonly Entrant[], rounds: number): boolean {
  const rows = entrants.map((entrant) => roundsMsOf(entrant.measured(rounds, 0)));
  const levels = rows.map((row) => levelOf(row.filter(Number.isFinite).map(Math.log), 0.1, 0.9));
  if (levels.some(({ pulls }) => !(standardError(pulls) <= TIGHT))) return false;
  const fastest = rows[levels.findIndex((level) => level.mean === Math.min(...levels.map(({ mean }) => mean)))];
  return rows.every(
    (row) => row === fastest || compareRounds(row, fastest ?? [], { confidence: LOOK_CONFIDENCE }).verdict !== 'unsure',
  );
}

function shuffled(entrants: readonly Entrant[], random: () => number): readonly Entrant[] {
  return [...permutation(entrants.length, random)].map((i) => entrants[i] as Entrant);
}
