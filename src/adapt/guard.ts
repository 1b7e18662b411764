import { checkFraction, checkKnownOptions, checkOneOf } from '../core/options.ts';

/** What a patch must not make worse. */
export interface GuardOptions {
  /** A private run takes 'accuracy' alone. Default 'accuracy'. */
  readonly metric?: GuardMetric;
  /** How much worse the person's held-out examples may become: a fraction for accuracy, nats for the other. Default 0. */
  readonly tolerance?: number;
  /** The same of the base's own examples. Default 0.01. */
  readonly baseTolerance?: number;
  /**
   * Which part of each class's examples is held out, where no `holdout` is given. Methods that change the last layer alone
   * learn from all, and leave each part out once to judge. In a private run each example is held out with that probability.
   * 0: nothing judges. Default 0.2.
   */
  readonly holdoutFraction?: number;
}

/** What is measured before and after: the fraction of right answers, or the mean negative log-likelihood in nats. */
export type GuardMetric = 'accuracy' | 'negativeLogLikelihood';

/** Whether a patch may be applied, and why. */
export interface Verdict {
  readonly isAccepted: boolean;
  /** A sentence for a person. */
  readonly why: string;
}

/** Before and after; undefined where nothing was measured. */
export interface BeforeAfter {
  readonly before: number;
  readonly after: number;
}

/** Where no others are held out. */
export function heldFractionOf({ holdoutFraction = 0.2 }: GuardOptions = {}): number {
  return holdoutFraction;
}

/** Throws    invalid-option */
export function checkGuard(options: GuardOptions): void {
  checkKnownOptions(options, ['metric', 'tolerance', 'baseTolerance', 'holdoutFraction'], 'guard');
  const { metric = 'accuracy', tolerance = 0, baseTolerance = 0, holdoutFraction = 0 } = options;
  checkOneOf(metric, 'metric', ['accuracy', 'negativeLogLikelihood']);
  checkFraction(tolerance, 'tolerance');
  checkFraction(baseTolerance, 'baseTolerance');
  checkFraction(holdoutFraction, 'holdoutFraction');
}

/** Decides by what was measured; without a figure a patch is taken, and the verdict says that nothing was measured. */
export function decide(options: GuardOptions, own: BeforeAfter | undefined, base: BeforeAfter | undefined): Verdict {
  const { metric = 'accuracy', tolerance = 0, baseTolerance = 0.01 } = options;
  const parts = [
    { figures: own, tolerance, what: 'the person’s held-out examples' },
    { figures: base, tolerance: baseTolerance, what: 'the base’s examples' },
  ];
  for (const { figures, tolerance: most, what } of parts) {
    if (figures === undefined) continue;
    const lost = metric === 'accuracy' ? figures.before - figures.after : figures.after - figures.before;
    // Differences of fractions are not exact.
    if (!(lost <= most + 1e-9)) {
      const why = `On ${what} ${metric} went from ${shown(figures.before)} to ${shown(figures.after)}, more than ${most} worse; the patch is empty and changes nothing.`;
      return { isAccepted: false, why };
    }
  }
  if (own === undefined && base === undefined) {
    return {
      isAccepted: true,
      why: 'Nothing was measured: there were no labels, or too few examples to hold some out.',
    };
  }
  const told = parts.flatMap(({ figures, what }) =>
    figures === undefined ? [] : [`on ${what} ${metric} went from ${shown(figures.before)} to ${shown(figures.after)}`],
  );
  return { isAccepted: true, why: `${(told.join(', ')).replace(/^o/, 'O')}.` };
}

function shown(value: number): string {
  return String(Number(value.toFixed(4)));
}
