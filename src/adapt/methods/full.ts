import { checkKnownOptions } from '../../core/options.ts';
import type { Method } from '../method.ts';
import { checkSteps, type MethodSteps, STEPS_OPTIONS, stepsOf } from '../methodSteps.ts';
import { trainChanges } from '../trainChanges.ts';

/**
 * Every weight learns that the student lets learn (fine-tuning): the largest of patches.
 * Shapes    those of the weights
 * Units     none
 * Throws    invalid-option
 * Source    Yosinski et al. 2014, arXiv:1411.1792 (fine-tuned features)
 */
export function full(options: MethodSteps = {}): Method {
  checkKnownOptions(options, STEPS_OPTIONS, 'full');
  checkSteps(options);
  return {
    name: 'full',
    options: { ...options },
    readsLabels: true,
    takesOneExample: false,
    learn: (lesson) =>
      trainChanges(lesson, { ...stepsOf(options, { epochs: 10, learningRate: 1e-3 }), adaptation: { learns: 'all' } }),
  };
}
