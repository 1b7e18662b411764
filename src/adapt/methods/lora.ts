import { count, flag, given, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Method } from '../method.ts';
import { type MethodSteps, STEPS, stepsOf } from '../methodSteps.ts';
import { trainChanges } from '../trainChanges.ts';

const OPTIONS = schema('lora', {
  /** Rank of the two small matrices; a weight no larger than them learns whole. Default 4. */
  rank: count()(4),
  /** The product is multiplied by alpha ÷ rank. Default: 2 · rank. */
  alpha: positive(),
  /** Names of layers. Default: all that have a matrix: dense, convolutions, attention, recurrent. */
  targets: given<readonly string[]>(),
  /** Whether the biases of these layers learn too. Default false. */
  withBiases: flag(false),
  ...STEPS.fields,
});

/** Which layers get small matrices, and how small these are. */
export interface LoraOptions extends MethodSteps, OptionsOf<typeof OPTIONS> {}

/**
 * Low-rank adaptation (LoRA): to each matrix W [R, C] the product of two small ones is added, A [R, rank] and B [rank, C],
 * which learn.
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
    readsSequences: true,
    takesOneExample: false,
    learn: (lesson) =>
      trainChanges(lesson, { ...stepsOf(steps, { epochs: 10, learningRate: 1e-2 }, lesson), adaptation }),
  };
}
