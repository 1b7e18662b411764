import { LimbeckError } from '../core/errors.ts';
import { logProbsOf } from '../core/logProbs.ts';
import { checkOneOf } from '../core/options.ts';
import { formatShape, type NdArray } from '../core/shape.ts';
import { UNLABELLED } from '../data/dataset.ts';
import type { GivenAnswers } from '../teacher/holdsProbs.ts';

/** Answers over classes as log-probabilities, row by row. */
export interface ClassAnswers {
  readonly count: number;
  readonly classes: number;
  readonly logProbs: Float64Array;
}

/**
 * Shapes    answers [N, C] → log-probabilities [N, C]
 * Numerics  a row that holds NaN is NaN; a probability of 0 is −∞
 * Throws    invalid-option · shape-mismatch: not [N, C]
 */
export function classAnswersOf(answers: NdArray, given: GivenAnswers = 'logits'): ClassAnswers {
  checkOneOf(given, 'given', ['logits', 'probs']);
  const [count = 0, classes = 0] = answers.shape;
  if (answers.shape.length !== 2 || classes < 1) {
    throw new LimbeckError(
      'shape-mismatch',
      `The answers are ${formatShape(answers.shape)}; this needs one row of classes for each example, [N, C]. Bring ` +
        'them to it with "read", such as by the mean over time.',
      { details: { given: answers.shape } },
    );
  }
  if (given === 'logits') return { count, classes, logProbs: logProbsOf(answers) };
  const logProbs = Float64Array.from(answers.data, Math.log);
  for (let i = 0; i < count; i++) {
    const row = logProbs.subarray(i * classes, (i + 1) * classes);
    if (row.some((value) => Number.isNaN(value) || value === Number.POSITIVE_INFINITY)) row.fill(Number.NaN);
  }
  return { count, classes, logProbs };
}

/** Throws    shape-mismatch: not one label for each answer · class-mismatch: a label that is neither a class nor −1 */
export function checkLabelsOf({ count, classes }: Pick<ClassAnswers, 'count' | 'classes'>, labels: Int32Array): void {
  if (labels.length !== count) {
    throw new LimbeckError('shape-mismatch', `Given ${labels.length} labels for ${count} answers; give one for each.`, {
      details: { labels: labels.length, answers: count },
    });
  }
  const wrong = labels.findIndex((label) => label < UNLABELLED || label >= classes);
  if (wrong < 0) return;
  throw new LimbeckError(
    'class-mismatch',
    `Example ${wrong} has the label ${labels[wrong]}, outside the teacher's ${classes} classes (0…${classes - 1}). ` +
      'Renumber the labels, or bring the answers to the same classes with "read".',
    { details: { label: labels[wrong], classes } },
  );
}
