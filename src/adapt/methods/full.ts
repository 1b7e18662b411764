import { schema } from '../../core/schema.ts';
import type { Method } from '../method.ts';
import { type MethodSteps, STEPS, stepsOf } from '../methodSteps.ts';
import { trainChanges } from '../trainChanges.ts';

const OPTIONS = schema('full', STEPS.fields);

/**
 * All trainable weights learn (fine-tuning): the largest patches.
 * Shapes    those of the weights
 * Units     none
 * Throws    invalid-option
 * Source    Yosinski et al. 2014, arXiv:1411.1792 (fine-tuned features)
 */
export function full(options: MethodSteps = {}): Method {
  const steps = OPTIONS.read(options);
  return {
    name: 'full',
    options: { ...options },
    readsLabels: true,
    readsSequences: true,
    takesOneExample: false,
    learn: (lesson) =>
      trainChanges(lesson, {
        ...stepsOf(steps, { epochs: 10, learningRate: 1e-3 }, lesson),
        adaptation: { learns: 'all' },
      }),
  };
}
