import { count, given, type OptionsOf, positive, schema } from '../core/schema.ts';

export const BUDGET = schema('budget', {
  /** Milliseconds. Default: no limit. */
  ms: positive(),
  /** Steps. Default: no limit. */
  steps: count()(),
});

/** How long learning may take: it ends at whichever limit comes first. */
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
