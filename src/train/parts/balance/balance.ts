import { LimbeckError } from '../../../core/errors.ts';
import { count, type OptionsOf, schema } from '../../../core/schema.ts';
import type { Loss } from '../../../losses/loss.ts';

export interface BalanceOption {
  /**
   * Whether to balance the terms of a `weighted` loss before the first step: each is divided by the norm of its gradient, so
   * that weights mean relative strength, whatever the unit. Losses in events are those of the scaled terms; the event
   * 'balance' and the report hold the scales. Default false.
   */
  readonly balance?: boolean | BalanceOptions;
}

export interface BalanceReported {
  /** How the terms of the loss were last balanced, if asked for. */
  readonly balance?: BalanceEvent | undefined;
}

const OPTIONS = schema('balance', {
  /** Batches on which gradients are measured before the first step; at most those of one epoch. Default: 4. */
  steps: count()(),
  /**
   * Steps between further measurements, each of which moves the scales by a tenth. Default: never. A term that is nearly learned
   * then becomes stronger and stronger, so use it only if all terms stay far from their optimum.
   */
  every: count()(),
});

/** How the terms of a weighted loss are balanced. */
export interface BalanceOptions extends OptionsOf<typeof OPTIONS> {}

/** What was measured, and the resulting scales. */
export interface BalanceEvent {
  readonly type: 'balance';
  /** Steps taken before; 0 at the start. */
  readonly step: number;
  /** The computed terms, in order. */
  readonly terms: readonly BalancedTerm[];
}

/** One term and its scale. */
export interface BalancedTerm {
  /** The loss's name; if several share it, with its index among all terms, counted from 0. */
  readonly name: string;
  /** Mean norm of the gradient with respect to the student's weights, before weight and scale. */
  readonly gradientNorm: number;
  /** The factor of the term in addition to its weight: 1 / gradientNorm. */
  readonly scale: number;
}

/** Throws    invalid-option: an option out of range, or the loss is not `weighted` */
export function checkBalance(balance: boolean | BalanceOptions, loss: Loss): void {
  if (balance === false) return;
  if (balance !== true) OPTIONS.read(balance);
  if (loss.name !== 'weighted') {
    throw new LimbeckError(
      'invalid-option',
      `"balance" weighs the terms of a weighted loss against each other, and the loss is "${loss.name}". Give ` +
        'weighted([{ loss, weight }, …]), or leave "balance" out.',
      { details: { loss: loss.name } },
    );
  }
}
