import type { Optimizer } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../core/errors.ts';
import { checkFraction, checkKnownOptions, checkPositive } from '../core/options.ts';
import type { Tf } from '../runtime/tfNamespace.ts';

/** How weights follow their gradients. Plain values: it crosses to the worker that trains. */
export interface OptimizerOptions {
  /** Default 'adam'. */
  readonly name?: 'adam' | 'sgd' | 'momentum';
  /** Default 0.001 for adam, 0.01 otherwise. */
  readonly learningRate?: number;
  /** Momentum only: the share of the last step that is kept. Default 0.9. */
  readonly momentum?: number;
}

/** Throws    invalid-option: unknown name, learning rate not above 0, momentum outside [0, 1] */
export function checkOptimizer(options: OptimizerOptions): void {
  checkKnownOptions(options, ['name', 'learningRate', 'momentum'], 'optimizer');
  const { name = 'adam', learningRate, momentum } = options;
  if (!['adam', 'sgd', 'momentum'].includes(name)) {
    throw new LimbeckError('invalid-option', `There is no optimizer "${name}"; there are adam, sgd and momentum.`);
  }
  if (learningRate !== undefined) checkPositive(learningRate, 'learningRate');
  if (momentum !== undefined) checkFraction(momentum, 'momentum');
}

/**
 * The optimizer on this thread's backend; the caller disposes it.
 * Source    Kingma and Ba 2015, arXiv:1412.6980 (adam, with tfjs's defaults β₁ 0.9, β₂ 0.999)
 */
export function makeOptimizer(tf: Tf, options: OptimizerOptions): Optimizer {
  const { name = 'adam', learningRate = name === 'adam' ? 1e-3 : 1e-2, momentum = 0.9 } = options;
  if (name === 'sgd') return tf.train.sgd(learningRate);
  if (name === 'adam') return tf.train.adam(learningRate);
  const optimizer = tf.train.momentum(learningRate, momentum);
  const dispose = optimizer.dispose.bind(optimizer);
  // tfjs's momentum forgets the rate that it holds as a kind of sgd.
  optimizer.dispose = () => {
    dispose();
    tf.SGDOptimizer.prototype.dispose.call(optimizer);
  };
  return optimizer;
}
