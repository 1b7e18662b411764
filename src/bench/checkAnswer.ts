import { withDefaultName } from '../core/outputs.ts';
import type { NamedArrays } from '../core/shape.ts';
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
