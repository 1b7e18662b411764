import { count, flag, given, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Method } from '../method.ts';
import { type MethodSteps, STEPS, stepsOf } from '../methodSteps.ts';
import { trainChanges } from '../trainChanges.ts';

const OPTIONS = schema('lora', {
  /** Default 4. A weight that is no larger than its two small matrices learns whole. */
  rank: count()(4),
  /** The product counts alpha ÷ rank times. Default: 2 · rank. */
  alpha: positive(),
  /** Layers by name. Default: all that have a matrix: dense, convolutions, attention, recurrent. */
  targets: given<readonly string[]>(),
  /** Whether the biases of these layers learn too. Default false. */
  withBiases: flag(false),
  ...STEPS.fields,
});

/** Where small matrices learn, and how small they are. */
export interface LoraOptions extends MethodSteps, OptionsOf<typeof OPTIONS> {}

/**
 * Low-rank adaptation (LoRA): beside each matrix W [R, C] a product of two small ones learns, A [R, rank] and B [rank, C].
 * Shapes    a convolution's [h, w, in, out] counts as the matrix [h · w · in, out]
 * Units     none
 * Throws    invalid-option · unknown-output: a target that is no layer
 * Source    Hu et al. 2022, arXiv:2106.09685
 */
export function lora(options: LoraOptions = {}): Method {
  const { rank, alpha = 2 * rank, targets, withBiases, ...steps } = OPTIONS.read(options);
  const adaptation = { learns: 'low-rank', rank, alpha, withBiases, ...(targets && { layers: targets }) } as const;
  return {
    name: 'lora',
    options: { ...options, rank, alpha, withBiases },
    readsLabels: true,
    takesOneExample: false,
    learn: (lesson) => trainChanges(lesson, { ...stepsOf(steps, { epochs: 10, learningRate: 1e-2 }), adaptation }),
  };
}
