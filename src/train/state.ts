import type { NdArray } from '../core/shape.ts';
import type { OptimizerState } from './stepOptimizer.ts';

/** Of a part between two epochs. */
export interface PartState {
  readonly numbers?: readonly number[];
  readonly arrays?: readonly NdArray[];
}

/** All that a run needs to go on after an epoch as if it had never ended, as plain values. Order and variations follow from the seed. */
export interface RunState {
  /** The last one that is finished, counted from 1. */
  readonly epoch: number;
  readonly weights: readonly NdArray[];
  readonly optimizer: OptimizerState;
  /** What the loss learns or remembers. */
  readonly loss: readonly NdArray[];
  /** How often each dropout layer has drawn. */
  readonly draws: readonly number[];
  readonly parts: readonly PartState[];
}
