import { LimbeckError } from '../core/errors.ts';
import { checkCount, checkFraction, checkKnownOptions, checkNotNegative } from '../core/options.ts';
import type { Progress } from './loss.ts';

/** How a weight, or a learning rate, changes during a run: plain values, made by the functions in this file. All weights are 0 or more. */
export type Schedule =
  | { readonly type: 'constant'; readonly value: number }
  | ({ readonly type: 'linear' | 'cosine'; readonly from: number; readonly to: number } & Span)
  | ({ readonly type: 'sigmoid-ramp'; readonly to: number } & Span)
  | { readonly type: 'warm-up'; readonly to: number; readonly epochs: number }
  | { readonly type: 'one-cycle'; readonly from: number; readonly to: number; readonly warmUpFraction: number }
  | { readonly type: 'table'; readonly values: readonly number[] };

/** Which part of the run. Fractions from 0, the first step, to 1, the last one; `start` ≤ `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** `start`: default 0. `end`: default 1. Before and after, the weight keeps what it had there. */
export type SpanOptions = Partial<Span>;

/** Points at which a function of your own is sampled: 1,024 parts of a run. */
const TABLE_POINTS = 1025;

/** The same weight at each step, as a plain number is. */
export function constant(value: number): Schedule {
  return checkSchedule({ type: 'constant', value }, 'constant');
}

/** A straight line from `from` to `to`, such as a weight that fades. */
export function linear(from: number, to: number, options: SpanOptions = {}): Schedule {
  return checkSchedule({ type: 'linear', from, to, ...spanOf(options, 'linear') }, 'linear');
}

/** Half a cosine from `from` to `to`: flat at both ends (Loshchilov, Hutter 2017, arXiv:1608.03983). */
export function cosine(from: number, to: number, options: SpanOptions = {}): Schedule {
  return checkSchedule({ type: 'cosine', from, to, ...spanOf(options, 'cosine') }, 'cosine');
}

/**
 * to · exp(−5 (1 − t)²), where t goes from 0 to 1: for targets that are useless at first, such as those of a
 * teacher that learns along with the student. It starts at 0.0067 · `to`. `end` defaults to 0.25 (ONE ramps for 80 of 300
 * epochs).
 * Source    Laine, Aila 2017, arXiv:1610.02242; Tarvainen, Valpola 2017 (mean teacher), arXiv:1703.01780
 */
export function sigmoidRamp(to: number, options: SpanOptions = {}): Schedule {
  const span = spanOf({ end: Math.max(0.25, options.start ?? 0), ...options }, 'sigmoidRamp');
  return checkSchedule({ type: 'sigmoid-ramp', to, ...span }, 'sigmoidRamp');
}

/**
 * to · min(1, epoch / epochs), epochs counted from 1, as DKD and ReviewKD start (20 of their 240 epochs). It changes once
 * an epoch. `to`: default 1. `epochs`: default 20; in a shorter run it stays below `to`.
 * Source    Zhao and others 2022 (DKD), arXiv:2203.08679, and its code
 */
export function warmUp(options: { readonly epochs?: number; readonly to?: number } = {}): Schedule {
  checkKnownOptions(options, ['epochs', 'to'], 'warmUp');
  const { epochs = 20, to = 1 } = options;
  return checkSchedule({ type: 'warm-up', to, epochs }, 'warmUp');
}

/**
 * Up to 1 and down again, each way half a cosine: for a learning rate that begins low, rises to its largest and ends near 0. `from`: where it
 * begins, default 1/25. `to`: where it ends, default 1/250,000. `warmUpFraction`: the part of the run that it rises for, default 0.3.
 * Source    Smith, Topin 2019, "Super-convergence", arXiv:1708.07120; PyTorch's OneCycleLR
 */
export function oneCycle(
  options: { readonly from?: number; readonly to?: number; readonly warmUpFraction?: number } = {},
): Schedule {
  checkKnownOptions(options, ['from', 'to', 'warmUpFraction'], 'oneCycle');
  const { from = 1 / 25, to = 1 / 250_000, warmUpFraction = 0.3 } = options;
  return checkSchedule({ type: 'one-cycle', from, to, warmUpFraction }, 'oneCycle');
}

/**
 * A function of the fraction of the run, 0 at the first step and 1 at the last. It is sampled here at 1,025 fractions, with
 * straight lines between them, because a function cannot go to a worker.
 */
export function byStep(weightOf: (fraction: number) => number): Schedule {
  if (typeof weightOf !== 'function') {
    throw new LimbeckError(
      'invalid-option',
      'byStep takes a function of the fraction of the run, such as (t) => t * t.',
    );
  }
  const values = Array.from({ length: TABLE_POINTS }, (_, i) => weightOf(i / (TABLE_POINTS - 1)));
  return checkSchedule({ type: 'table', values }, 'byStep');
}

/**
 * The weight at that point of the run.
 * Shapes    none
 * Units     none
 * Throws    nothing: schedules are checked where they are made and where they are used
 * Source    of each form: above
 */
export function weightAt(weight: number | Schedule, { step, steps, epoch }: Progress): number {
  if (typeof weight === 'number') return weight;
  const fraction = steps > 1 ? Math.min(1, step / (steps - 1)) : 0;
  switch (weight.type) {
    case 'constant':
      return weight.value;
    case 'linear':
      return between(weight.from, weight.to, within(weight, fraction));
    case 'cosine':
      return halfCosine(weight.from, weight.to, within(weight, fraction));
    case 'sigmoid-ramp':
      return weight.to * Math.exp(-5 * (1 - within(weight, fraction)) ** 2);
    case 'warm-up':
      return weight.to * Math.min(1, epoch / weight.epochs);
    case 'one-cycle': {
      // As PyTorch counts: the largest rate is at a step before the fraction's.
      const top = Math.max(0, weight.warmUpFraction * steps - 1);
      if (step <= top && top > 0) return halfCosine(weight.from, 1, step / top);
      return halfCosine(1, weight.to, steps - 1 > top ? Math.min(1, (step - top) / (steps - 1 - top)) : 1);
    }
    case 'table': {
      const place = fraction * (weight.values.length - 1);
      const [low, high] = [Math.floor(place), Math.ceil(place)];
      return between(weight.values[low] as number, weight.values[high] as number, place - low);
    }
  }
}

/** Whether the weight is a schedule that changes. */
export function isMoving(weight: number | Schedule): weight is Schedule {
  return typeof weight !== 'number' && weight.type !== 'constant';
}

/** The largest weight it can give; 0 for a term that never counts. */
export function peakOf(weight: number | Schedule): number {
  if (typeof weight === 'number') return weight;
  if (weight.type === 'constant') return weight.value;
  if (weight.type === 'table') return weight.values.reduce((most, value) => Math.max(most, value), 0);
  if (weight.type === 'one-cycle') return Math.max(weight.from, weight.to, 1);
  return 'from' in weight ? Math.max(weight.from, weight.to) : weight.to;
}

const FIELDS: Readonly<Record<Schedule['type'], readonly string[]>> = {
  constant: ['value'],
  linear: ['from', 'to', 'start', 'end'],
  cosine: ['from', 'to', 'start', 'end'],
  'sigmoid-ramp': ['to', 'start', 'end'],
  'warm-up': ['to', 'epochs'],
  'one-cycle': ['from', 'to', 'warmUpFraction'],
  table: ['values'],
};

/** Throws    invalid-option: no schedule, a weight below 0 or not finite, a span outside the run */
export function checkSchedule(schedule: Schedule, subject: string): Schedule {
  const type = (schedule as Partial<Schedule> | null)?.type;
  if (typeof schedule !== 'object' || type === undefined || !Object.hasOwn(FIELDS, type)) {
    throw new LimbeckError(
      'invalid-option',
      `${subject} was ${String(typeof schedule === 'object' ? JSON.stringify(schedule) : schedule)}; it must be a number ` +
        'of 0 or more, or a schedule such as linear(1, 0).',
    );
  }
  checkKnownOptions(schedule, ['type', ...FIELDS[type]], subject);
  const fields = schedule as unknown as Readonly<Record<string, number>>;
  for (const name of ['value', 'from', 'to'].filter((one) => FIELDS[type].includes(one))) {
    checkNotNegative(fields[name] as number, `${name} of ${subject}`);
  }
  if ('start' in schedule) checkSpan(schedule, subject);
  if (schedule.type === 'one-cycle') checkFraction(schedule.warmUpFraction, `warmUpFraction of ${subject}`);
  if (schedule.type === 'warm-up') checkCount(schedule.epochs, `epochs of ${subject}`);
  if (schedule.type === 'table') checkTable(schedule.values, subject);
  return schedule;
}

/** Throws    invalid-option: neither a number of 0 or more nor a schedule */
export function checkWeight(weight: number | Schedule, subject: string): void {
  if (typeof weight === 'object') checkSchedule(weight, subject);
  else checkNotNegative(weight, subject);
}

function checkSpan({ start, end }: Span, subject: string): void {
  checkFraction(start, `start of ${subject}`);
  checkFraction(end, `end of ${subject}`);
  if (start <= end) return;
  throw new LimbeckError('invalid-option', `${subject} ends at ${end}, before it starts at ${start}.`);
}

function checkTable(values: readonly number[], subject: string): void {
  if (!Array.isArray(values) || values.length < 2) {
    throw new LimbeckError(
      'invalid-option',
      `${subject} needs a table of at least two weights; make it with byStep(…).`,
    );
  }
  values.forEach((value, i) => {
    checkNotNegative(value, `weight of ${subject} at ${i / (values.length - 1)} of the run`);
  });
}

function spanOf(options: SpanOptions, subject: string): Span {
  checkKnownOptions(options, ['start', 'end'], subject);
  const { start = 0, end = 1 } = options;
  return { start, end };
}

/** How far the span is through, from 0 to 1; a span of no length is a jump. */
function within({ start, end }: Span, fraction: number): number {
  if (fraction >= end) return 1;
  return fraction <= start ? 0 : (fraction - start) / (end - start);
}

function halfCosine(from: number, to: number, part: number): number {
  return between(from, to, 0.5 - 0.5 * Math.cos(Math.PI * part));
}

function between(from: number, to: number, part: number): number {
  return from + (to - from) * part;
}
