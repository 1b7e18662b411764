import { mean, standardDeviation } from '../../core/stats.ts';

/** Who computes a step: this thread alone, or all of the pool. The bits of the results are the same. */
export type StepThreads = 'one' | 'all';

/** Milliseconds of a training step on this thread alone and on all threads, as they were last measured. */
export interface ThreadFigures {
  readonly oneMs: number;
  readonly allMs: number;
}

/** Finds out, from the steps of a run, whether a student's steps are faster on one thread or on all. */
export interface ThreadChoice {
  /** For the next step. */
  next(): StepThreads;
  /** What that step took, in milliseconds. */
  record(ms: number): void;
  readonly best: StepThreads;
  /** Undefined until both were measured. */
  readonly figures: ThreadFigures | undefined;
}

/** The first steps go through tfjs, or compare one way with the other; see `stepper.ts`. */
const SETTLING = 8;
/** What was known before begins, and is soon tried again: the machine may have been busy then. */
const KNOWN = 32;
/** A block takes about so long, or is one step: in short steps a few that are held up decide the mean, so it needs many of them. */
const BLOCK_MS = 40;
const LONGEST_BLOCK = 32;
/** All threads must save this much: the other cores are the page's, and the teacher's. */
const LEAST_GAIN = Math.log(1.02);
/** So clear a difference in each of two pairs of blocks decides. */
const CLEAR = Math.log(1.25);
const LEAST_PAIRS = 5;
const MOST_PAIRS = 12;
/** Standard errors by which the mean of the pairs must differ from the limit. */
const SURE = 2.5;
/** Steps until the other is tried again: a machine that was busy may be idle by then. Four times as many each time that nothing changes. */
const REST = 256;
const LONGEST_REST = 8192;

/**
 * Tries the other in blocks of steps, a b b a, so that a machine that becomes slower or faster favours neither; the mean of a
 * block counts, and so the steps that were held up. Nothing is computed twice, and a long step is tried twice at least.
 * @param known what was measured before, on this device
 */
export function threadChoice(known?: ThreadFigures): ThreadChoice {
  let figures = known;
  let best: StepThreads = known === undefined ? 'all' : betterOf(known);
  let rest = known === undefined ? SETTLING : KNOWN;
  let nextRest = REST;
  let lastMs = known?.[`${best}Ms`] ?? Number.POSITIVE_INFINITY;
  /** Of the trial that is under way. */
  let pairs: ThreadFigures[] = [];
  let block = 1;
  let times: { readonly one: number[]; readonly all: number[] } = { one: [], all: [] };

  const other = (): StepThreads => (best === 'one' ? 'all' : 'one');
  const isTrial = () => rest === 0;

  function next(): StepThreads {
    if (!isTrial()) return best;
    const isFirst = times[best].length < block && times[other()].length < block;
    const [first, second] = pairs.length % 2 === 0 ? [best, other()] : [other(), best];
    return isFirst || times[first].length < block ? first : second;
  }

  function endPair(): void {
    const mostOf = (all: readonly number[]) => mean(all.length > 2 ? all.slice(1) : all);
    pairs.push({ oneMs: mostOf(times.one), allMs: mostOf(times.all) });
    times = { one: [], all: [] };
    if (!isDecided(pairs)) return;
    figures = { oneMs: mean(pairs.map(({ oneMs }) => oneMs)), allMs: mean(pairs.map(({ allMs }) => allMs)) };
    const found = mean(pairs.map(costOfOne)) < LEAST_GAIN ? 'one' : 'all';
    nextRest = found === best ? Math.min(4 * nextRest, LONGEST_REST) : REST;
    best = found;
    rest = nextRest;
    pairs = [];
  }

  return {
    next,
    record(ms) {
      if (!isTrial()) {
        lastMs = ms;
        rest--;
        if (isTrial()) block = Math.max(1, Math.min(LONGEST_BLOCK, Math.ceil(BLOCK_MS / Math.max(lastMs, 1e-3))));
        return;
      }
      times[next()].push(ms);
      if (times.one.length === block && times.all.length === block) endPair();
    },
    get best() {
      return best;
    },
    get figures() {
      return figures;
    },
  };
}

/** How much more one thread costs than all, as a logarithm. */
function costOfOne({ oneMs, allMs }: ThreadFigures): number {
  return Math.log(Math.max(oneMs, 1e-3) / Math.max(allMs, 1e-3));
}

function betterOf(known: ThreadFigures): StepThreads {
  return costOfOne(known) < LEAST_GAIN ? 'one' : 'all';
}

function isDecided(pairs: readonly ThreadFigures[]): boolean {
  const costs = pairs.map((pair) => costOfOne(pair) - LEAST_GAIN);
  if (costs.length >= MOST_PAIRS) return true;
  const isClear = costs.every((cost) => cost > CLEAR) || costs.every((cost) => cost < -CLEAR);
  if (costs.length >= 2 && isClear) return true;
  const error = standardDeviation(costs) / Math.sqrt(costs.length);
  return costs.length >= LEAST_PAIRS && Math.abs(mean(costs)) > SURE * error;
}
