import { LimbeckError } from '../core/errors.ts';
import { checkFraction, checkKnownOptions, checkNotNegative, checkOneOf, checkPositive } from '../core/options.ts';

/**
 * How weights follow their gradients. Plain values: it crosses to the worker that trains.
 * Source    Sutskever et al. 2013 (momentum, nesterov; as torch.optim.SGD writes them) · Kingma and Ba 2015,
 *           arXiv:1412.6980 (adam) · Loshchilov and Hutter 2019, arXiv:1711.05101 (adamw) · You et al. 2020,
 *           arXiv:1904.00962, algorithm 2 (lamb) · Chen et al. 2023, arXiv:2302.06675, algorithm 2 (lion)
 */
export interface OptimizerOptions {
  /** Default 'adam'. */
  readonly name?: OptimizerName;
  /**
   * Above 0. Default 0.001 for adam, adamw and lamb, 0.0001 for lion, whose steps are all of this length (its authors
   * advise a third to a tenth of adamw's rate), and 0.01 otherwise.
   */
  readonly learningRate?: number;
  /** momentum and nesterov only: the share of the last step that is kept, from 0 to 1. Default 0.9. */
  readonly momentum?: number;
  /** adam, adamw, lamb and lion: how slowly the mean of the gradients moves, from 0 to below 1. Default 0.9. */
  readonly beta1?: number;
  /** The same for the mean of their squares (lion: for its one mean). Default 0.999, for lion 0.99. */
  readonly beta2?: number;
  /** adam, adamw and lamb: added to the root of the mean square, above 0. Default 1e-7 as in tfjs, for lamb 1e-6. */
  readonly epsilon?: number;
  /**
   * How strongly weights are pulled towards 0, from 0. As PyTorch does: a part of the gradient in sgd, momentum,
   * nesterov and adam; beside it, times the learning rate, in adamw, lamb and lion. Default 0.01 for adamw and lamb,
   * else 0.
   */
  readonly weightDecay?: number;
  /**
   * Which weights decay. Default 'matrices': all but vectors, which are biases and the scales of norms. 'all' is what
   * PyTorch does. LAMB scales the steps of those weights only, as its authors' program does.
   */
  readonly decay?: 'all' | 'matrices';
  /** The most that the norm of all gradients together may be; longer ones are shortened to it. Default: no limit. */
  readonly clipNorm?: number;
}

/** See `OptimizerOptions` for what each is and reads. */
export type OptimizerName = 'sgd' | 'momentum' | 'nesterov' | 'adam' | 'adamw' | 'lamb' | 'lion';

const DECAY = ['learningRate', 'weightDecay', 'decay', 'clipNorm'] as const;
const ADAPTIVE = [...DECAY, 'beta1', 'beta2', 'epsilon'] as const;

/** What each optimizer reads, beside its name. */
export const READS: Readonly<Record<OptimizerName, readonly (keyof OptimizerOptions)[]>> = {
  sgd: DECAY,
  momentum: [...DECAY, 'momentum'],
  nesterov: [...DECAY, 'momentum'],
  adam: ADAPTIVE,
  adamw: ADAPTIVE,
  lamb: ADAPTIVE,
  lion: [...DECAY, 'beta1', 'beta2'],
};

export const LEARNING_RATES: Readonly<Partial<Record<OptimizerName, number>>> = {
  adam: 1e-3,
  adamw: 1e-3,
  lamb: 1e-3,
  lion: 1e-4,
};

/**
 * Throws    invalid-option: unknown name, an option that this optimizer does not read, learning rate, epsilon or clip
 *           norm not above 0, momentum outside [0, 1], a beta outside [0, 1), weight decay below 0, unknown decay
 */
export function checkOptimizer(options: OptimizerOptions): void {
  const { name = 'adam' } = options;
  const names = Object.keys(READS);
  if (!names.includes(name)) {
    throw new LimbeckError('invalid-option', `There is no optimizer "${name}"; there are ${names.join(', ')}.`);
  }
  checkKnownOptions(options, ['name', ...READS[name]], `The optimizer "${name}"`);
  const { learningRate, momentum, beta1, beta2, epsilon, weightDecay, decay, clipNorm } = options;
  if (learningRate !== undefined) checkPositive(learningRate, 'learningRate');
  if (momentum !== undefined) checkFraction(momentum, 'momentum');
  if (beta1 !== undefined) checkBeta(beta1, 'beta1');
  if (beta2 !== undefined) checkBeta(beta2, 'beta2');
  if (epsilon !== undefined) checkPositive(epsilon, 'epsilon');
  if (weightDecay !== undefined) checkNotNegative(weightDecay, 'weightDecay');
  if (decay !== undefined) checkOneOf(decay, 'decay', ['all', 'matrices']);
  if (clipNorm !== undefined) checkPositive(clipNorm, 'clipNorm');
}

/** At 1 nothing would be learned, and 1 − βᵗ be 0. */
function checkBeta(value: number, name: string): void {
  if (checkFraction(value, name) < 1) return;
  throw new LimbeckError('invalid-option', `"${name}" was 1; it must be below 1.`, { details: { name, value } });
}
