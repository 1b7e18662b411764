import { count, given, type OptionsOf, positive, schema } from '../core/schema.ts';

export const BUDGET = schema('budget', {
  /** Milliseconds. Default: no end. */
  ms: positive(),
  /** Steps. Default: no end. */
  steps: count()(),
});

/** How long learning may take: what ends first ends it. */
export interface LearnBudget extends OptionsOf<typeof BUDGET> {}

const LEARN = schema('learn', {
  ...BUDGET.fields,
  /** Cancels it. */
  signal: given<AbortSignal>(),
});

/** How long learning may take, and what cancels it. */
export interface LearnOptions extends LearnBudget, OptionsOf<typeof LEARN> {}

/** Throws    invalid-option */
export function checkLearnOptions(options: LearnOptions): LearnBudget {
  const { signal: _, ...budget } = LEARN.read(options);
  return budget;
}
