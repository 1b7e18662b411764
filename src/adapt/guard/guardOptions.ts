import { LimbeckError } from '../../core/errors.ts';
import { checkOneOf } from '../../core/options.ts';
import { fraction, given, type OptionsOf, schema } from '../../core/schema.ts';
import { checkMetric, type Metric } from '../../train/metric.ts';

export const GUARD = schema('guard', {
  /**
   * Or your own, which reads labels, or sequences, and no teacher. A private run takes 'accuracy' alone. Default 'accuracy';
   * of sequences the character error rate.
   */
  metric: given<GuardMetric | Metric>(checkGuardMetric, 'accuracy'),
  /**
   * How much worse the person's examples may become: a fraction for accuracy, nats for the likelihood. A loss of right
   * answers that chance explains (one case in twenty or more) counts where labels became less likely too. Default 0.
   */
  tolerance: fraction(0),
  /** The same for the base's own examples. Default 0.01. */
  baseTolerance: fraction(0.01),
  /**
   * Which part of each class's examples is held out, where no `holdout` is given. Methods that change the last layer alone
   * learn from all, and leave each part out once to judge. In a private run each example is held out with that probability.
   * 0: nothing judges. Default 0.2.
   */
  holdoutFraction: fraction(0.2),
});

/** What a patch must not make worse. */
export interface GuardOptions extends OptionsOf<typeof GUARD> {}

/** What is measured before and after: the fraction of right answers, or the mean negative log-likelihood in nats. */
export type GuardMetric = 'accuracy' | 'negativeLogLikelihood';

/** Throws    invalid-option */
function checkGuardMetric(metric: GuardMetric | Metric, name: string): void {
  if (typeof metric !== 'object') checkOneOf(metric, name, ['accuracy', 'negativeLogLikelihood']);
  else checkOwn(metric);
}

function checkOwn(metric: Metric): void {
  checkMetric(metric, 'metric');
  if ((metric.reads.labels || metric.reads.sequences) && !metric.reads.teacher) return;
  throw new LimbeckError(
    'invalid-option',
    `The metric "${metric.name}" must read labels, or sequences, and no teacher, because there is none.`,
  );
}
