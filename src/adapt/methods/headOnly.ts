import { checkKnownOptions } from '../../core/options.ts';
import { HEAD_INPUT, headOf } from '../../student/headOf.ts';
import type { Method } from '../method.ts';
import { checkSteps, type MethodSteps, STEPS_OPTIONS, stepsOf } from '../methodSteps.ts';
import { trainChanges } from '../trainChanges.ts';

/**
 * The last layer learns, on features that are computed once (linear probing): a step costs next to nothing.
 * Shapes    features [B, F] → logits [B, C]
 * Units     logits
 * Throws    invalid-option
 * Source    Alain and Bengio 2017, arXiv:1610.01644 (linear classifiers on fixed features)
 */
export function headOnly(options: MethodSteps = {}): Method {
  checkKnownOptions(options, STEPS_OPTIONS, 'headOnly');
  checkSteps(options);
  return {
    name: 'headOnly',
    options: { ...options },
    readsLabels: true,
    takesOneExample: false,
    learn: (lesson) =>
      trainChanges(
        {
          ...lesson,
          base: headOf(lesson.base, lesson.classifier, lesson.features.shape[1] as number),
          inputs: { [HEAD_INPUT]: lesson.features },
        },
        { ...stepsOf(options, { epochs: 20, learningRate: 2e-2 }), adaptation: {} },
      ),
  };
}
