import { checkCount } from '../../../core/options.ts';

export interface AccumulateOption {
  /**
   * How many steps make one update, by the mean of their gradients, as a batch as many times as large would: for students or examples of
   * which only small batches fit. The last update of an epoch may be of fewer. Default 1.
   */
  readonly accumulate?: number;
}

/** Throws    invalid-option */
export function checkAccumulate(steps: number): void {
  checkCount(steps, 'accumulate');
}
