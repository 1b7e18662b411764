import { schema } from '../../core/schema.ts';
import type { Method } from '../method.ts';
import { type MethodSteps, STEPS, stepsOf } from '../methodSteps.ts';
import { trainChanges } from '../trainChanges.ts';

const OPTIONS = schema('biasOnly', STEPS.fields);

/**
 * Only biases learn (BitFit): the smallest patches.
 * Shapes    biases [C] of any layer
 * Units     none
 * Throws    invalid-option · student-not-trainable: a student without biases
 * Source    Ben Zaken, Ravfogel, Goldberg 2022, arXiv:2106.10199
 */
export function biasOnly(options: MethodSteps = {}): Method {
  const steps = OPTIONS.read(options);
  return {
    name: 'biasOnly',
    options: { ...options },
    readsLabels: true,
    readsSequences: true,
    takesOneExample: false,
    learn: (lesson) =>
      trainChanges(lesson, {
        ...stepsOf(steps, { epochs: 10, learningRate: 2e-2 }, lesson),
        adaptation: { learns: 'biases' },
      }),
  };
}
