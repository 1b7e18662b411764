import { notNegative, type OptionsOf, schema } from '../../core/schema.ts';
import { informationMaximization } from '../../losses/response/informationMaximization.ts';
import { hasNorms } from '../../student/topology/norms.ts';
import type { Method } from '../method.ts';
import { type MethodSteps, STEPS, stepsOf } from '../methodSteps.ts';
import { trainChanges } from '../trainChanges.ts';

const OPTIONS = schema('entropyMinimisation', {
  /** Weight of the entropy of the mean answer, which keeps all from becoming one class. Default 1; TENT has 0. */
  diversity: notNegative(1),
  ...STEPS.fields,
});

/** How long it learns, and whether answers are kept diverse. */
export interface EntropyMinimisationOptions extends MethodSteps, OptionsOf<typeof OPTIONS> {}

/**
 * Test-time adaptation (TENT): scales and offsets of normalizations learn to make the student's answers certain, without
 * labels. Batch normalization uses the statistics of the batch during learning, and those of all examples in the end. In a
 * student without normalizations the biases learn.
 * Shapes    logits [B, C]
 * Units     nats
 * Throws    invalid-option
 * Source    Wang et al. 2021, §3, arXiv:2006.10726; diversity: Liang et al. 2020, eq. 4, arXiv:2002.08546
 * Differs   answers are kept diverse by default, because a few examples of one person soon agree on one class
 */
export function entropyMinimisation(options: EntropyMinimisationOptions = {}): Method {
  const { diversity, ...steps } = OPTIONS.read(options);
  return {
    name: 'entropyMinimisation',
    options: { ...options, diversity },
    readsLabels: false,
    takesOneExample: true,
    learn(lesson) {
      const norms = hasNorms(lesson.base);
      return trainChanges(lesson, {
        ...stepsOf(steps, { epochs: 5, learningRate: 1e-3 }, lesson),
        adaptation: norms ? { learns: 'norms', statistics: 'moving' } : { learns: 'biases' },
        loss: informationMaximization({ diversity: lesson.size > 1 ? diversity : 0 }),
      });
    },
  };
}
