import { count, notNegative, type OptionsOf, schema } from '../../core/schema.ts';
import { informationMaximization } from '../../losses/response/informationMaximization.ts';
import type { Method } from '../method.ts';
import { trainChanges } from '../trainChanges.ts';

const OPTIONS = schema('normStatistics', {
  /** The former averages count as so many examples. Default 16. */
  priorExamples: notNegative(16),
  /** Examples at a time, over whose batch statistics the mean is taken. Default 64. */
  batchSize: count()(64),
});

/** How much the former statistics count. */
export interface NormStatisticsOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * The averages of batch normalization become those of the person's examples, without labels and gradients (batch-norm
 * adaptation).
 * Shapes    moving mean and variance [C]
 * Units     those of the activations
 * Throws    invalid-option · student-not-trainable: no batch normalization
 * Source    Schneider et al. 2020, §3, arXiv:2006.16971
 */
export function normStatistics(options: NormStatisticsOptions = {}): Method {
  const { priorExamples, batchSize } = OPTIONS.read(options);
  return {
    name: 'normStatistics',
    options: { priorExamples, batchSize },
    readsLabels: false,
    takesOneExample: true,
    learn: (lesson) =>
      trainChanges(lesson, {
        epochs: 1,
        batchSize,
        optimizer: { name: 'sgd' },
        adaptation: { learns: 'nothing', statistics: 'mean', priorExamples },
        // A job needs a loss; nothing learns from it.
        loss: informationMaximization({ diversity: 0 }),
      }),
  };
}
