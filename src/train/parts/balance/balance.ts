import { LimbeckError } from '../../../core/errors.ts';
import { count, type OptionsOf, schema } from '../../../core/schema.ts';
import type { Loss } from '../../../losses/loss.ts';

export interface BalanceOption {
  /**
   * Whether the terms of a `weighted` loss are brought to one strength before the first step: each is divided by the
   * length of its gradient, so that weights mean how strongly each pulls, whatever its unit. The losses that events tell
   * are those of the scaled terms; the scales are in the event 'balance' and in the report. Default false.
   */
  readonly balance?: boolean | BalanceOptions;
}

export interface BalanceReported {
  /** How the terms of the loss were balanced last, where that was asked for. */
  readonly balance?: BalanceEvent | undefined;
}

const OPTIONS = schema('balance', {
  /** Batches on which they are measured before the first step; those of one epoch at most. Default: 4. */
  steps: count()(),
  /**
   * They are measured again every so many steps, each time moving by a tenth of what was found. Default: never. A term
   * that is nearly learned is then made ever stronger, so take it for terms that all stay far from their best.
   */
  every: count()(),
});

/** How the terms of a weighted loss are brought to one strength. */
export interface BalanceOptions extends OptionsOf<typeof OPTIONS> {}

/** What was measured, and what follows. */
export interface BalanceEvent {
  readonly type: 'balance';
  /** Steps that were taken before: 0 in the beginning. */
  readonly step: number;
  /** The terms that are computed, in their order. */
  readonly terms: readonly BalancedTerm[];
}

/** One term, and how its gradient was brought to the length of the others'. */
export interface BalancedTerm {
  /** The loss's name; where several have it, with their number among all terms, counted from 0. */
  readonly name: string;
  /** Length of the gradient with respect to the student's weights, before weight and scale; the mean of what was seen. */
  readonly gradientNorm: number;
  /** What the term is multiplied by, beside its weight: 1 / gradientNorm. */
  readonly scale: number;
}

/** Throws    invalid-option: an option out of range, or a loss that is not a weighted one */
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
