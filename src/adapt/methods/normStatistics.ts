import { checkCount, checkKnownOptions, checkNotNegative } from '../../core/options.ts';
import { informationMaximization } from '../../losses/response/informationMaximization.ts';
import type { Method } from '../method.ts';
import { trainChanges } from '../trainChanges.ts';

/** How much the former statistics count. */
export interface NormStatisticsOptions {
  /** The former averages count as so many examples. Default 16. */
  readonly priorExamples?: number;
  /** Examples at a time, over whose batch statistics the mean is taken. Default 64. */
  readonly batchSize?: number;
}

/**
 * The averages of batch normalization become those of the person's examples (batch-norm adaptation); no label is read and no
 * gradient followed.
 * Shapes    moving mean and variance [C]
 * Units     those of the activations
 * Throws    invalid-option · student-not-trainable: no batch normalization
 * Source    Schneider et al. 2020, §3, arXiv:2006.16971
 */
export function normStatistics(options: NormStatisticsOptions = {}): Method {
  checkKnownOptions(options, ['priorExamples', 'batchSize'], 'normStatistics');
  const { priorExamples = 16, batchSize = 64 } = options;
  checkNotNegative(priorExamples, 'priorExamples');
  checkCount(batchSize, 'batchSize');
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
        // It is computed, as any loss must be, and nothing follows it.
        loss: informationMaximization({ diversity: 0 }),
      }),
  };
}
