import { abortError, messageOf } from '../../core/errors.ts';
import { count, countOf, duration } from '../../core/figures.ts';
import { median } from '../../core/stats.ts';
import { inTime } from '../inTime.ts';
import type { Subject } from '../subject.ts';
import type { Clock } from './clock.ts';
import type { Measured } from './measured.ts';
import { warmUpEnd } from './warmUpEnd.ts';

/** A pass, or passes timed together, take at least so many steps of the clock. */
const CLOCK_STEPS = 50;
const MOST_TOGETHER = 1_000_000;
/** A subject hangs if it takes longer than this, and than so many times what it is expected to take. */
const LEAST_DEADLINE_MS = 10_000;
const DEADLINE_TIMES = 20;
/** Nothing is expected of the first pass, which may compile. */
const FIRST_DEADLINE_MS = 60_000;
/** Warming up goes in steps of about this long. */
const STEP_MS = 40;
const MOST_IN_STEP = 64;
/** What it takes to believe that a subject has settled: so many figures without a change, over so long. */
const SETTLED_FIGURES = 8;
const SETTLED_MS = 250;
/** Figures of a turn at least, except of subjects whose single pass is longer than a turn. */
const LEAST_FIGURES = 3;
const MOST_FIGURES = 2000;
/** Positions of a turn that may belong to its warm-up. */
const POSITIONS = 40;

/** Fewer turns are worth a sentence. */
const FEW_TURNS = 8;
/** More time of a turn outside of its passes is worth one too. */
const LEAST_OUTSIDE_MS = 10;
const OUTSIDE_FRACTION = 0.3;

interface Turn {
  readonly round: number;
  readonly times: readonly number[];
  /** Passes of each time. */
  readonly together: number;
  /** The whole turn, as who waits for it sees it. */
  readonly wallMs: number;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** A subject while it is measured. */
export interface Entrant {
  readonly key: string;
  readonly isAlive: boolean;
  /** Milliseconds that it has had, of waiting for it. */
  readonly spentMs: number;
  /** Milliseconds of one pass, as last seen. */
  readonly passMs: number;
  /** Passes until it has settled, or for so long. */
  warmUp(mostMs: number): Promise<void>;
  /** One turn of about so long. */
  turn(round: number, turnMs: number): Promise<void>;
  /** What is counted, of so many rounds, from the one in which it had settled. */
  measured(rounds: number, settledAt: number): Measured;
}

/** Throws    AbortError, from its methods: the signal was aborted; all else is the failure of the subject alone. */
export function enter(key: string, subject: Subject, clock: Clock, signal: AbortSignal | undefined): Entrant {
  const turns: Turn[] = [];
  const notices: string[] = [];
  let failure: string | undefined;
  let warmUps = 0;
  let spentMs = 0;
  let passMs = Number.NaN;
  let together = 1;

  async function ask(figures: number): Promise<readonly number[]> {
    const deadlineMs = Number.isNaN(passMs)
      ? FIRST_DEADLINE_MS
      : Math.max(LEAST_DEADLINE_MS, DEADLINE_TIMES * passMs * figures * together);
    const began = clock.now();
    try {
      const times = await inTime(async () => subject.time(figures, together), {
        ...{ ms: deadlineMs, signal, onLate: subject.kill, after: clock.after },
      });
      if (times.length !== figures || !times.every((ms) => Number.isFinite(ms) && ms >= 0)) {
        failure = `It was asked for ${figures} times and gave ${times.length}, not all of them times.`;
        return [];
      }
      if (together === MOST_TOGETHER && median(times) === 0) {
        failure = `${count(MOST_TOGETHER)} passes took no time: it does nothing, or its clock stands still.`;
        return [];
      }
      // A time of less than a step says only that it is less.
      passMs = Math.max(median(times), clock.stepMs / together / 4);
      together = Math.min(MOST_TOGETHER, Math.max(1, Math.ceil((CLOCK_STEPS * clock.stepMs) / passMs)));
      return times;
    } catch (error) {
      if (signal?.aborted) throw abortError(signal.reason);
      failure = messageOf(error);
      return [];
    } finally {
      spentMs += clock.now() - began;
    }
  }

  async function warmUp(mostMs: number): Promise<void> {
    const times: number[] = [];
    let figures = 1;
    for (const began = clock.now(); failure === undefined; ) {
      warmUps += figures * together;
      times.push(...(await ask(figures)));
      const rest = times.slice(warmUpEnd(times));
      const enough = Math.max(3, Math.min(SETTLED_FIGURES, Math.ceil(mostMs / 2 / passMs)));
      const isLong = rest.length * passMs * together >= Math.min(SETTLED_MS, mostMs / 4);
      if (rest.length >= enough && 2 * rest.length >= times.length && isLong) return;
      if (clock.now() - began + passMs > mostMs) {
        notices.push(`After ${duration(clock.now() - began)} it was not clear that it had settled.`);
        return;
      }
      figures = Math.max(1, Math.min(MOST_IN_STEP, Math.round(STEP_MS / passMs / together)));
    }
  }

  function ownNotices(): string[] {
    const said: string[] = [];
    if (together > 1) {
      said.push(`The clock moves in steps of ${duration(clock.stepMs)}: ${count(together)} passes were timed as one.`);
    }
    if (turns.length > 0 && turns.length < FEW_TURNS) {
      said.push(`Only ${countOf(turns.length, 'turn')} fitted into the budget: give it more.`);
    }
    const outside = median(turns.map(({ wallMs, times, together: as }) => wallMs - as * sum(times)));
    if (outside > LEAST_OUTSIDE_MS && outside > OUTSIDE_FRACTION * median(turns.map(({ wallMs }) => wallMs))) {
      said.push(`${duration(outside)} of each turn lie outside its passes: it may do part of the work later.`);
    }
    return said;
  }

  async function turn(round: number, turnMs: number): Promise<void> {
    const fits = Math.min(MOST_FIGURES, Math.round(turnMs / passMs / together));
    const figures = passMs > turnMs ? 1 : Math.max(LEAST_FIGURES, fits);
    const as = together;
    const began = clock.now();
    const times = await ask(figures);
    if (failure === undefined) turns.push({ round, times, together: as, wallMs: clock.now() - began });
  }

  function measured(rounds: number, settledAt: number): Measured {
    const cold = coldPasses(turns.map(({ times }) => times));
    const counted: (readonly number[])[] = Array.from({ length: rounds }, () => []);
    let uncounted = warmUps;
    for (const [i, { round, times, together: as }] of turns.entries()) {
      // A compiler may be done in the middle of the first turn.
      const warm = Math.max(Math.min(cold, times.length >> 1), i === 0 ? warmUpEnd(times) : 0);
      const skipped = round < settledAt ? times.length : warm;
      counted[round] = times.slice(skipped);
      uncounted += skipped * as;
    }
    const ended = failure === undefined ? {} : { failure };
    return { rounds: counted, warmUps: uncounted, notices: [...notices, ...ownNotices()], ...ended };
  }

  return {
    key,
    get isAlive() {
      return failure === undefined;
    },
    get spentMs() {
      return spentMs;
    },
    get passMs() {
      return passMs;
    },
    warmUp,
    turn,
    measured,
  };
}

/** How many passes at the start of a turn are slower, because others ran before: the same for all turns. */
function coldPasses(turns: readonly (readonly number[])[]): number {
  const longest = Math.max(0, ...turns.map((times) => times.length));
  if (longest < LEAST_FIGURES) return 0;
  const medians = turns.map((times) => median(times));
  const positions: number[] = [];
  for (let at = 0; at < Math.min(POSITIONS, longest); at++) {
    const relative = turns.flatMap((times, i) =>
      at < times.length ? [(times[at] as number) / (medians[i] as number)] : [],
    );
    positions.push(median(relative));
  }
  return warmUpEnd(positions);
}
