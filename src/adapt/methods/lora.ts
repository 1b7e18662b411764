import { checkCount, checkKnownOptions, checkPositive } from '../../core/options.ts';
import type { Method } from '../method.ts';
import { checkSteps, type MethodSteps, STEPS_OPTIONS, stepsOf } from '../methodSteps.ts';
import { trainChanges } from '../trainChanges.ts';

/** Where small matrices learn, and how small they are. */
export interface LoraOptions extends MethodSteps {
  /** Default 4. A weight that is no larger than its two small matrices learns whole. */
  readonly rank?: number;
  /** The product counts alpha ÷ rank times. Default 2 · rank. */
  readonly alpha?: number;
  /** Layers by name. Default: all that have a matrix: dense, convolutions, attention, recurrent. */
  readonly targets?: readonly string[];
  /** Whether the biases of these layers learn too. Default false. */
  readonly withBiases?: boolean;
}

/**
 * Low-rank adaptation (LoRA): beside each matrix W [R, C] a product of two small ones learns, A [R, rank] and B [rank, C].
 * Shapes    a convolution's [h, w, in, out] counts as the matrix [h · w · in, out]
 * Units     none
 * Throws    invalid-option · unknown-output: a target that is no layer
 * Source    Hu et al. 2022, arXiv:2106.09685
 */
export function lora(options: LoraOptions = {}): Method {
  checkKnownOptions(options, ['rank', 'alpha', 'targets', 'withBiases', ...STEPS_OPTIONS], 'lora');
  const { rank = 4, alpha = 2 * rank, targets, withBiases = false } = options;
  checkCount(rank, 'rank');
  checkPositive(alpha, 'alpha');
  checkSteps(options);
  const adaptation = { learns: 'low-rank', rank, alpha, withBiases, ...(targets && { layers: targets }) } as const;
  return {
    name: 'lora',
    options: { ...options, rank, alpha, withBiases },
    readsLabels: true,
    takesOneExample: false,
    learn: (lesson) => trainChanges(lesson, { ...stepsOf(options, { epochs: 10, learningRate: 1e-2 }), adaptation }),
  };
}
