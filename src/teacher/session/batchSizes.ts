import { median } from '../../core/stats.ts';
import type { BatchFigure } from './tune.ts';

/** What a batch of one size costs, and how precisely that is known. */
export interface SizeFigure extends BatchFigure {
  /** Spread of single batches, as a fraction of the cost. */
  readonly spreadFraction: number;
}

export interface BatchSizesOptions {
  /** The first size. Default 8, or less if that takes long. */
  readonly start?: number;
  /** What is known from before. */
  readonly figures?: readonly SizeFigure[];
}

/** Learns, from batches that are asked anyway, which size costs least for each example, and follows changes. */
export interface BatchSizes {
  /** The size that costs least, as far as is known. */
  best(): number;
  /** The next size: the best one, or now and then another, to see whether it is better. */
  next(): number;
  /** Records the time of a batch. */
  record(examples: number, ms: number): void;
  /** No more than `examples` fit. */
  limit(examples: number): void;
  /** The figures of each size that was seen, by size. */
  figures(): SizeFigure[];
}

/** Spread of figures from a short measurement, on a machine that may be busy. */
export const COLD_SPREAD = 0.15;

const SIZES = [1, 2, 4, 8, 16, 32, 64];
const START = 8;
/** No size is tried whose batch would take longer: the student waits for it. */
const LONGEST_MS = 1000;
/** A larger batch must be better by this much: it costs memory, and the student waits longer. */
const LARGER_GAIN = Math.log(1 - 0.03);
/** A smaller one may be worse by this much. */
const SMALLER_LOSS = Math.log(1 + 0.01);
/** A size that is worse by this much is left alone until the speed changes. */
const CLEARLY_WORSE = Math.log(1.3);
/** Share of the examples in batches of other sizes, while the best size is open and once it is known. */
const UNSURE_SHARE = 0.1;
const SURE_SHARE = 0.02;
/** Examples for such batches at the beginning, and the most that are saved up. */
const OPENING = 256;
/** Samples of a size: how many of the last ones count, and how few decide. */
const KEPT = 9;
const LEAST = 3;
/** Three times that agree by chance do not make a size certain. */
const LEAST_SPREAD = 0.05;
/** Standard errors beyond the required difference, to move to a size, and to stop trying one. */
const TO_MOVE = 1.5;
const TO_STAY = 2;
/** Batches of the best size whose median is its speed; if that changes by this much, the others are tried again. */
const SPEED = 7;
const DRIFT = Math.log(1.25);

/** A batch of another size, until the next one of the best size shows how fast the machine is. */
interface Trial {
  readonly size: number;
  /** All of them logarithms of ms an example. */
  readonly cost: number;
  readonly before: readonly number[];
}

/**
 * Each batch of another size is compared with the batches of the best size before and after it: a machine that is busy
 * with something else slows all three. Costs are logarithms of ms an example, all as they would be at one speed.
 */
export function batchSizes({ start, figures = [] }: BatchSizesOptions = {}): BatchSizes {
  const known = new Map(figures.map((figure) => [figure.batchSize, summaryOf(samplesOf(figure))]));
  let best = start ?? START;
  let largest = Number.POSITIVE_INFINITY;
  let trials: Trial[] = [];
  /** Of the last batches of the best size. */
  let speeds: Summary = UNKNOWN;
  let settledSpeed: number | undefined;
  let speed = Number.NEGATIVE_INFINITY;
  let saved = OPENING;
  let isTrialNext = false;
  let turn = 0;

  const costOf = (size: number) => known.get(size)?.cost ?? Number.NaN;

  function mayTry(size: number): boolean {
    return size <= largest && Math.exp(speed) * size <= LONGEST_MS;
  }

  /** How a size compares with the best one, and whether more samples would change that. */
  function standing(size: number) {
    const { samples, cost, spread, fresh } = known.get(size) ?? UNKNOWN;
    const difference = cost - costOf(best);
    // A few samples may agree by chance; the spread of the best size says how far they can be trusted.
    const error = (MEDIAN_ERROR * Math.max(spread, speeds.spread)) / Math.sqrt(samples.length);
    const limit = size > best ? LARGER_GAIN : SMALLER_LOSS;
    const isClearlyWorse = fresh >= 2 && Math.min(...samples.slice(-fresh)) - costOf(best) > CLEARLY_WORSE;
    const isBetter = samples.length >= LEAST && difference + TO_MOVE * error < limit;
    const isWorse = fresh >= LEAST && difference - TO_STAY * error > limit;
    return {
      isBetter,
      isClearlyWorse,
      isSure: isClearlyWorse || isWorse || (fresh >= KEPT && difference > limit),
    };
  }

  /** The sizes next to the best, and those after them: a single size without gain may be a local hump. */
  function neighbours(): number[] {
    const at = SIZES.filter((size) => size < best).length;
    const above = SIZES.filter((size) => size > best);
    const below = SIZES.slice(0, at).reverse();
    return [above, below].flatMap(([next, second]) => {
      if (next === undefined || !mayTry(next)) return [];
      const { isSure, isClearlyWorse } = standing(next);
      const isSecond = second !== undefined && mayTry(second) && isSure && !isClearlyWorse;
      return isSecond ? [next, second] : [next];
    });
  }

  /** What a trial costs of the saved examples: its examples, more if they are known to cost more. */
  function priceOf(size: number): number {
    const times = Math.max(1, Math.exp(costOf(size) - costOf(best)) || 1);
    return Math.min(size * times, OPENING / 2);
  }

  function moveTo(size: number): void {
    best = size;
    speeds = UNKNOWN;
    settledSpeed = undefined;
    // Figures relative to the former best size are as wrong as that was.
    forget(1);
  }

  /** Keeps only the last samples of each other size, so that it is tried again. */
  function forget(left: number): void {
    for (const [size, { samples }] of known) if (size !== best) known.set(size, summaryOf(samples.slice(-left), 0));
  }

  /** Whether the trial shows a better size. */
  function finish({ size, cost, before }: Trial, after: number): boolean {
    if (size === best) return false;
    const sample = costOf(best) + cost - median([...before, after]);
    const { samples, fresh } = known.get(size) ?? UNKNOWN;
    known.set(size, summaryOf([...samples, sample].slice(-KEPT), fresh + 1));
    const { isBetter } = standing(size);
    if (isBetter) moveTo(size);
    return isBetter;
  }

  function recordBest(cost: number): void {
    if (!known.has(best)) known.set(best, summaryOf([cost]));
    const finished = trials;
    trials = [];
    if (finished.some((trial) => finish(trial, cost))) return;
    speeds = summaryOf([...speeds.samples, cost].slice(-SPEED));
    speed = speeds.cost;
    if (speeds.samples.length < SPEED) return;
    settledSpeed ??= speed;
    if (Math.abs(speed - settledSpeed) < DRIFT + speeds.spread) return;
    settledSpeed = speed;
    forget(LEAST);
  }

  return {
    best: () => best,
    next() {
      const others = neighbours();
      const size = others.find((other) => !standing(other).isSure) ?? others[turn % others.length];
      const price = size === undefined ? Number.POSITIVE_INFINITY : priceOf(size);
      isTrialNext = !isTrialNext && speeds.samples.length > 0 && saved >= price;
      if (!isTrialNext || size === undefined) return best;
      saved -= price;
      turn++;
      return size;
    },
    record(examples, ms) {
      const cost = Math.log(Math.max(ms, 1e-3) / examples);
      const isFirst = speed === Number.NEGATIVE_INFINITY;
      if (speeds.samples.length === 0) speed = cost;
      const isSure = neighbours().every((size) => standing(size).isSure);
      saved = Math.min(saved + examples * (isSure ? SURE_SHARE : UNSURE_SHARE), isSure ? OPENING / 2 : OPENING);
      if (examples === best) recordBest(cost);
      // The very first batch pays for compiling.
      else if (!isFirst && SIZES.includes(examples))
        trials = [...trials, { size: examples, cost, before: speeds.samples.slice(-2) }].slice(-2);
      if (known.size === 0 && !mayTry(best)) best = SIZES.findLast(mayTry) ?? 1;
    },
    limit(examples) {
      largest = Math.min(largest, examples);
      if (best > largest) moveTo(SIZES.findLast((size) => size <= largest) ?? 1);
    },
    figures() {
      const change = speeds.samples.length > 0 ? speed - costOf(best) : 0;
      return [...known]
        .map(([batchSize, { samples, cost, spread }]) => ({
          batchSize,
          msPerExample: rounded(Math.exp(cost + change)),
          spreadFraction: rounded(
            toldSpread(batchSize === best && speeds.samples.length > 0 ? speeds : { samples, spread }),
          ),
        }))
        .sort((a, b) => a.batchSize - b.batchSize);
    },
  };
}

/** Costs of one size, their median, and a standard deviation in which outliers do not count. */
interface Summary {
  readonly samples: readonly number[];
  readonly cost: number;
  readonly spread: number;
  /** Samples taken since the size was last doubted. */
  readonly fresh: number;
}

const UNKNOWN: Summary = { samples: [], cost: Number.NaN, spread: LEAST_SPREAD, fresh: 0 };
/** Standard deviation of a normal distribution, in units of its median absolute deviation. */
const DEVIATIONS = 1.4826;
/** Standard error of the median of normal values, in units of that of their mean. */
const MEDIAN_ERROR = 1.25;

/** One or two samples say little about the spread. */
function toldSpread({ samples, spread }: Pick<Summary, 'samples' | 'spread'>): number {
  return samples.length < LEAST ? Math.max(COLD_SPREAD, spread) : spread;
}

function summaryOf(samples: readonly number[], fresh = 0): Summary {
  const cost = median(samples);
  const deviation = median(samples.map((sample) => Math.abs(sample - cost)));
  return { samples, cost, spread: Math.max(LEAST_SPREAD, DEVIATIONS * deviation), fresh };
}

/** Three samples that have the median and the spread of the figure. */
function samplesOf({ msPerExample, spreadFraction }: SizeFigure): number[] {
  const [cost, deviation] = [Math.log(msPerExample), spreadFraction / DEVIATIONS];
  return [cost - deviation, cost, cost + deviation];
}

/** A number that stays the same when it is stored and read back. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
