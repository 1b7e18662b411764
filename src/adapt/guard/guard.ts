import type { Read } from '../../core/schema.ts';
import type { Metric } from '../../train/metric.ts';
import { accuracy } from '../../train/metrics/accuracy.ts';
import { negativeLogLikelihood } from '../../train/metrics/negativeLogLikelihood.ts';
import { lossByChance } from '../../train/paired.ts';
import { GUARD, type GuardOptions } from './guardOptions.ts';
import type { BeforeAfter, Judged } from './judged.ts';

/** The same, checked, with its defaults. */
type Guard = Read<typeof GUARD>;

/** Whether a patch may be applied, and why. */
export interface Verdict {
  readonly isAccepted: boolean;
  /** A sentence for a person. */
  readonly why: string;
}

/** What is measured before and after. */
export function metricOf(options: GuardOptions): Metric {
  const { metric } = GUARD.read(options);
  return typeof metric === 'object' ? metric : { accuracy, negativeLogLikelihood }[metric];
}

/** A loss more likely than this by chance does not count as a loss. */
const MOST_CHANCE = 0.05;
/** Gains more likely than this by chance do not show that labels mean something. */
const MOST_LUCK = 0.01;

/**
 * Decides by what was measured; without figures a patch is accepted, and the verdict says that nothing was measured. Losses
 * on the person's examples are compared with the gains, pair by pair; figures of the base's examples count as they are.
 * Source    see `lossByChance` and `judge`
 */
export function decide(options: GuardOptions, own: Judged | undefined, base: BeforeAfter | undefined): Verdict {
  const guard = GUARD.read(options);
  const { tolerance, baseTolerance } = guard;
  const metric = metricOf(guard);
  const empty = 'the patch is empty and changes nothing.';
  const wentFrom = ({ before, after }: BeforeAfter) => `${metric.name} went from ${shown(before)} to ${shown(after)}`;
  if (own !== undefined && isWorse(own, guard)) {
    const unsure = mayBeChance(own, guard) ? ', which may be chance, and labels became no likelier' : '';
    const why = `On the person’s ${own.examples} judging examples, ${wentFrom(own)}, more than ${tolerance} worse${unsure}; ${empty}`;
    return { isAccepted: false, why };
  }
  if (own !== undefined && tellsNothing(own, guard)) {
    const why = `On the person’s ${own.examples} judging examples, what was learned from the others tells no more than chance (${wentFrom(own)}): do their labels mean anything? For now ${empty}`;
    return { isAccepted: false, why };
  }
  if (base !== undefined && !(lossOf(base, metric) <= baseTolerance + ROUNDING)) {
    return {
      isAccepted: false,
      why: `On the base’s examples ${wentFrom(base)}, more than ${baseTolerance} worse; ${empty}`,
    };
  }
  if (own === undefined && base === undefined) {
    return {
      isAccepted: true,
      why: 'Nothing was measured: there were no labels, or too few examples to hold some out.',
    };
  }
  const told = [
    ...(own ? [`on the person’s ${own.examples} judging examples, ${wentFrom(own)}${byChance(own, guard)}`] : []),
    ...(base ? [`on the base’s examples ${wentFrom(base)}`] : []),
  ];
  return { isAccepted: true, why: `${told.join('; ').replace(/^o/, 'O')}.` };
}

/**
 * A patch that gains far more than it loses is no accident, even where it still knows little. A tolerance of 1 accepts this
 * too.
 */
function tellsNothing({ tellsLabels, gained, lost }: Judged, { tolerance }: Guard): boolean {
  return !tellsLabels && tolerance < 1 && lossByChance({ gained: lost, lost: gained }) > MOST_LUCK;
}

/** Differences of fractions are not exact. */
const ROUNDING = 1e-9;

/** How much worse the metric became. */
export function lossOf({ before, after }: BeforeAfter, { better }: Metric): number {
  return better === 'lower' ? after - before : before - after;
}

function losesMore(own: Judged, guard: Guard): boolean {
  return !(lossOf(own, metricOf(guard)) <= guard.tolerance + ROUNDING);
}

/** Whether more was lost than is tolerated, and chance alone would do that often: more examples may tell. */
export function isUndecided(own: Judged, options: GuardOptions): boolean {
  return mayBeChance(own, GUARD.read(options));
}

function mayBeChance(own: Judged, guard: Guard): boolean {
  const { metric, tolerance } = guard;
  if (metric !== 'accuracy' || !losesMore(own, guard)) return false;
  return lossByChance({ gained: own.gained, lost: own.lost - tolerance * own.examples }) > MOST_CHANCE;
}

function isWorse(own: Judged, guard: Guard): boolean {
  return losesMore(own, guard) && !(mayBeChance(own, guard) && own.likelihoodGain > 0);
}

function byChance(own: Judged, guard: Guard): string {
  if (!losesMore(own, guard)) return '';
  return ` (${own.lost} lost and ${own.gained} gained, which may be chance; the labels became likelier)`;
}

function shown(value: number): string {
  return String(Number(value.toFixed(4)));
}
