import { LimbeckError } from '../core/errors.ts';
import { count, given, type OptionsOf, oneOf, type Read, schema } from '../core/schema.ts';

export const READ_STEPS = schema('readSteps', {
  /** Classes of the model to keep, in the student's order, the blank among them. Default: all. */
  classes: given<readonly number[]>(checkClasses),
  /** The raw output [B, T, C]. Default: the only one, or the first. */
  output: given<string>(),
  /** How many steps the student has, where it has others. Default: the model's. */
  steps: count()(),
  /** The student's class for no character, by which steps are chosen. Default 0. */
  blank: count(0)(0),
  /** What the model gives. Default 'probs'. */
  given: oneOf('logits', 'probs')('probs'),
  /** Further outputs to return unchanged, such as taps. Default: none. */
  keep: given<readonly string[]>(),
});

/** Which classes of a sequence model count, and how many steps there shall be. */
export interface ReadStepsOptions extends OptionsOf<typeof READ_STEPS> {}

/** What a spec holds of them. */
export type ReadStepsSettings = Read<typeof READ_STEPS>;

function checkClasses(classes: readonly number[]): void {
  const isList = Array.isArray(classes) && classes.length > 0;
  if (isList && classes.every((index) => Number.isInteger(index) && index >= 0)) return;
  throw new LimbeckError(
    'invalid-option',
    '"classes" must be a list of the model\'s classes, whole numbers from 0 on.',
  );
}
