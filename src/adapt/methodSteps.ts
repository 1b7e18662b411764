import { checkCount, checkPositive } from '../core/options.ts';
import { checkOptimizer, type OptimizerOptions } from '../train/optimizer.ts';
import type { StepsOptions } from './trainChanges.ts';

/** How long and how fast a method learns. */
export interface MethodSteps {
  /** How often each example is seen; private runs take their steps from `privacy`. Each method has its default. */
  readonly epochs?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /** Default: adam, with a rate that suits the method. */
  readonly optimizer?: OptimizerOptions;
}

export const STEPS_OPTIONS: readonly string[] = ['epochs', 'batchSize', 'optimizer'];

/** Throws    invalid-option */
export function checkSteps({ epochs, batchSize, optimizer }: MethodSteps): void {
  if (epochs !== undefined) checkCount(epochs, 'epochs');
  if (batchSize !== undefined) checkCount(batchSize, 'batchSize');
  if (optimizer !== undefined) checkOptimizer(optimizer);
  if (optimizer?.learningRate !== undefined) checkPositive(optimizer.learningRate, 'learningRate');
}

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
