import { LimbeckError } from '../core/errors.ts';
import { topClassesOf } from '../core/logProbs.ts';
import { checkCount } from '../core/options.ts';
import { fraction, given, type OptionsOf, oneOf, schema } from '../core/schema.ts';
import { formatShape, type NdArray } from '../core/shape.ts';
import type { Dataset, LabelledDataset } from '../data/dataset.ts';
import { pick } from '../data/views.ts';
import type { GivenAnswers } from '../teacher/holdsProbs.ts';
import { classAnswersOf } from './classAnswers.ts';

const OPTIONS = schema('confident', {
  /** The lowest accepted probability of the teacher's most likely class, from 0 to 1. Default 0.3 (Noisy Student). */
  least: fraction(0.3),
  /**
   * How many examples of each class to take: the most confident ones of a class with more; those of a class with fewer are
   * repeated. 'mean' takes the average number per class. Classes without any stay empty. Default: all confident examples,
   * once.
   */
  perClass: given<number | 'mean'>(checkPerClass),
  /** What the answers are. Default 'logits', which log-probabilities are too. */
  given: oneOf<GivenAnswers>('logits', 'probs')('logits'),
});

/** Which examples count as confident. */
export interface ConfidentOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * The indices of confident answers: in order, or with `perClass` class by class, the most confident first. An answer that is
 * not finite is never confident.
 * Shapes    answers [N, C] → at most N indices, or `perClass` for each class that occurs
 * Units     logits or probabilities in
 * Throws    invalid-option · shape-mismatch: answers that are not [N, C]
 * Source    Xie, Luong, Hovy, Le 2020, Noisy Student, filtering and balancing, arXiv:1911.04252
 * Differs   a class with too few examples repeats them from the most confident on, not at random, so no seed is needed
 */
export function confidentIndices(answers: NdArray, options: ConfidentOptions = {}): Int32Array {
  const { least, perClass, given: form } = OPTIONS.read(options);
  const { logProbs, classes } = classAnswersOf(answers, form);
  const top = topClassesOf(logProbs, classes);
  // NaN compares as false.
  const chosen = Array.from(top.classes.keys()).filter((i) => (top.confidences[i] as number) >= least);
  if (perClass === undefined) return Int32Array.from(chosen);
  const byClass = Array.from({ length: classes }, (): number[] => []);
  for (const i of chosen) byClass[top.classes[i] as number]?.push(i);
  const occurring = byClass.filter(({ length }) => length > 0);
  const wanted = perClass === 'mean' ? Math.round(chosen.length / occurring.length) : perClass;
  return Int32Array.from(
    occurring.flatMap((members) => {
      // Stable, so equal ones stay in order.
      const sorted = members.sort((a, b) => (top.confidences[b] as number) - (top.confidences[a] as number));
      return Array.from({ length: wanted }, (_, i) => sorted[i % sorted.length] as number);
    }),
  );
}

export function checkPerClass(perClass: number | 'mean'): void {
  if (perClass !== 'mean') checkCount(perClass, 'perClass');
}

/**
 * The examples of a dataset that the teacher answers confidently; nothing is copied.
 * Throws    invalid-option · shape-mismatch: not one row of classes for each example · empty-dataset: none is confident
 *
 * @example
 * const { logits } = await teacher.ask((await data.read(Int32Array.of(0, 1, 2))).inputs);
 * const sure = confident(take(data, 3), logits as NdArray, { least: 0.8 });
 * distill({ teacher, student, data: sure });
 */
export function confident<D extends Dataset | LabelledDataset>(
  data: D,
  answers: NdArray,
  options: ConfidentOptions = {},
): D {
  if (answers.shape[0] !== data.size) {
    throw new LimbeckError(
      'shape-mismatch',
      `The answers are ${formatShape(answers.shape)} for a dataset of ${data.size} examples; give one row for each.`,
      { details: { given: answers.shape, examples: data.size } },
    );
  }
  const indices = confidentIndices(answers, options);
  if (indices.length > 0) return pick(data, indices);
  const { least = 0.3 } = options;
  throw new LimbeckError(
    'empty-dataset',
    `None of ${data.size} answers has a class of probability ${least} or more. Lower "least", or sharpen the answers ` +
      'with a temperature below 1.',
    { details: { least } },
  );
}
