import { count, given, type OptionsOf, schema } from '../core/schema.ts';
import { checkOptimizer, type OptimizerOptions } from '../train/optimizerOptions.ts';
import type { StepsOptions } from './trainChanges.ts';

export const STEPS = schema('the steps', {
  /** How often each example is seen. Each method has its default; private runs take their steps from `privacy`. */
  epochs: count()(),
  /** Default: 32. */
  batchSize: count()(),
  /** Default: adam, with a rate that suits the method. */
  optimizer: given<OptimizerOptions>(checkOptimizer),
});

/** How long and how fast a method learns. */
export interface MethodSteps extends OptionsOf<typeof STEPS> {}

export function stepsOf(
  { epochs, batchSize = 32, optimizer }: MethodSteps,
  own: { readonly epochs: number; readonly learningRate: number },
): StepsOptions {
  return {
    epochs: epochs ?? own.epochs,
    batchSize,
    optimizer: optimizer ?? { name: 'adam', learningRate: own.learningRate },
  };
}
