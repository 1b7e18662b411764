import type { Tf } from '../runtime/tfNamespace.ts';
import { LEARNING_RATES, type OptimizerOptions, READS } from './optimizerOptions.ts';
import { type StepOptimizer, type StepSettings, stepOptimizer } from './stepOptimizer.ts';

/**
 * The optimizer on this thread's backend; the caller disposes it.
 * Differs   from tfjs's own: 1 − βᵗ is computed in float64, where tfjs multiplies up βᵗ in float32; a gradient that is
 *           not finite throws and changes nothing
 */
export function makeOptimizer(tf: Tf, options: OptimizerOptions): StepOptimizer {
  return stepOptimizer(tf, settingsOf(options));
}

function settingsOf(options: OptimizerOptions): StepSettings {
  const { name = 'adam' } = options;
  const {
    learningRate = LEARNING_RATES[name] ?? 1e-2,
    momentum = 0.9,
    beta1 = READS[name].includes('momentum') ? momentum : 0.9,
    beta2 = name === 'lion' ? 0.99 : 0.999,
    epsilon = name === 'lamb' ? 1e-6 : 1e-7,
    weightDecay = name === 'adamw' || name === 'lamb' ? 0.01 : 0,
    decay = 'matrices',
    clipNorm,
  } = options;
  return { name, learningRate, beta1, beta2, epsilon, weightDecay, decay, clipNorm };
}
