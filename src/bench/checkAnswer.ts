import { percent } from '../core/figures.ts';
import { withDefaultName } from '../core/outputs.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { differenceOf, largestDifference } from '../teacher/session/compare.ts';
import type { AnswerCheck } from './workload.ts';

/**
 * Compares outputs with the reference's by the rule by which a teacher's devices are judged: no output may differ by more than a
 * hundredth of its range.
 */
export function checkOutputs(expected: NamedArrays, given: NamedArrays): AnswerCheck {
  const [reference, own] = [withDefaultName(expected), withDefaultName(given)];
  return {
    errorFraction: largestDifference(reference, own),
    wrong: differenceOf(reference, own, undefined, 'the reference'),
  };
}

/** The most that a loss may differ, as a share of the largest one, and the changes of all weights together, as a share of their length. */
const TRAINING = { loss: 0.01, change: 0.03 };

/**
 * Compares a few training steps with the reference's: the loss of each, and how all weights have changed, by the length of the
 * difference: where a gradient is a rounding error, single weights may differ.
 */
export function checkTraining(expected: NamedArrays, given: NamedArrays): AnswerCheck {
  const { losses, ...changes } = expected;
  const { losses: ownLosses, ...ownChanges } = given;
  const loss = lengthOfDifference([losses], [ownLosses]);
  const names = Object.keys(changes);
  const change = lengthOfDifference(
    names.map((name) => changes[name]),
    names.map((name) => ownChanges[name]),
  );
  const errorFraction = Number.isNaN(loss) ? loss : Math.max(loss, change);
  if (Number.isNaN(errorFraction)) return { errorFraction, wrong: 'its losses or weights are no numbers' };
  if (loss > TRAINING.loss)
    return { errorFraction, wrong: `its losses differ from the reference's by ${percent(loss)}` };
  if (change <= TRAINING.change) return { errorFraction };
  return { errorFraction, wrong: `its weights change otherwise than the reference's, by ${percent(change)}` };
}

/** Euclidean, as a share of the expected length; NaN where sizes differ or a value is no number. */
function lengthOfDifference(
  expected: readonly (NdArray | undefined)[],
  given: readonly (NdArray | undefined)[],
): number {
  let [difference, length] = [0, 0];
  for (const [i, array] of expected.entries()) {
    const own = given[i];
    if (array === undefined || own === undefined || own.data.length !== array.data.length) return Number.NaN;
    for (const [at, value] of array.data.entries()) {
      difference += (value - (own.data[at] as number)) ** 2;
      length += value ** 2;
    }
  }
  // Nothing to change, and nothing changed.
  return difference === 0 ? 0 : Math.sqrt(difference / length);
}
