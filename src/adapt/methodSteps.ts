import { count, flag, given, type OptionsOf, schema } from '../core/schema.ts';
import { checkOptimizer, type OptimizerOptions } from '../train/optimizerOptions.ts';
import type { Lesson } from './method.ts';
import type { StepsOptions } from './trainChanges.ts';

export const STEPS = schema('the steps', {
  /** How often each example is seen. Each method has its default, more of sequences; private runs take their steps from `privacy`. */
  epochs: count()(),
  /** Default: 32; 4 of sequences, of which a person gives few. */
  batchSize: count()(),
  /** Default: adam, with a rate that suits the method. */
  optimizer: given<OptimizerOptions>(checkOptimizer),
  /** Whether steps keep little of their forward pass and compute it again: less memory, more time, the same patch. */
  recompute: flag(),
});

/** How long and how fast a method learns. */
export interface MethodSteps extends OptionsOf<typeof STEPS> {}

/** A corrected line holds several characters, and there are few lines: small batches, seen often. */
const LINE_BATCH = 4;
const LINE_EPOCHS = 4;

export function stepsOf(
  { epochs, batchSize, optimizer, recompute = false }: MethodSteps,
  own: { readonly epochs: number; readonly learningRate: number },
  { sequences }: Pick<Lesson, 'sequences'>,
): StepsOptions {
  return {
    epochs: epochs ?? own.epochs * (sequences ? LINE_EPOCHS : 1),
    batchSize: batchSize ?? (sequences ? LINE_BATCH : 32),
    optimizer: optimizer ?? { name: 'adam', learningRate: own.learningRate },
    recompute,
  };
}
