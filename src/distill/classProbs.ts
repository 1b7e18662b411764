import { LimbeckError } from '../core/errors.ts';
import { checkCount } from '../core/options.ts';
import { count, type OptionsOf, oneOf, schema, text } from '../core/schema.ts';
import { formatShape, type NamedArrays, type NdArray } from '../core/shape.ts';
import { logOfProbs } from '../teacher/ensembleMean.ts';
import type { GivenAnswers } from '../teacher/holdsProbs.ts';
import { classAnswersOf } from './classAnswers.ts';

/** The smallest probability of a table; in float32 it counts as 0 next to any other class. */
const LEAST = 1e-30;
const ROUNDING = 1e-4;

export const CLASS_PROBS = schema('classProbs', {
  /** Default 'logits'. */
  output: text('logits'),
  /**
   * 'labels' is the class index of each example, [N] or [N, 1]. 'probs' may hold only the largest, as services give them, with
   * 0 elsewhere. Default 'logits', which log-probabilities are too; a teacher's own probabilities are recognised.
   */
  given: oneOf<GivenAnswers | 'labels'>('logits', 'probs', 'labels')('logits'),
  /** The number of classes; needed for 'labels'. */
  classes: count()(),
});

/** Which output to read, and what it holds. */
export interface ClassProbsOptions extends OptionsOf<typeof CLASS_PROBS> {}

/**
 * Probabilities, one row of classes per example: softmax(logits), the given ones, or 1 for the given label.
 * Shapes    [N, C] → [N, C]; labels [N] → [N, C]
 * Throws    unknown-output · shape-mismatch: not [N, C] · not-finite · invalid-option: not a probability, labels
 *           without `classes` · class-mismatch: a label that is not a class
 */
export function classProbs(answers: NamedArrays, options: ClassProbsOptions = {}): NdArray {
  const { output = 'logits', given = 'logits' } = options;
  const array = answers[output];
  if (array === undefined) {
    throw new LimbeckError(
      'unknown-output',
      `There is no output "${output}"; there are ${Object.keys(answers).join(', ') || 'none'}. Let "read" return it.`,
      { details: { needed: output, given: Object.keys(answers) } },
    );
  }
  if (given === 'labels') return oneHot(namedClasses(array, options.classes), options.classes as number);
  const { logProbs, classes } = classAnswersOf(array, given);
  const at = logProbs.findIndex(Number.isNaN);
  if (at >= 0) throw noProbability(array, at, given, classes);
  const data = Float32Array.from(logProbs, Math.exp);
  const tooLarge = data.findIndex((probability) => probability > 1 + ROUNDING);
  if (tooLarge >= 0) throw noProbability(array, tooLarge, given, classes);
  return { data, shape: array.shape };
}

function namedClasses({ data, shape }: NdArray, classes: number | undefined): Int32Array {
  checkCount(classes as number, 'classes');
  if (data.length !== shape[0]) {
    throw new LimbeckError(
      'shape-mismatch',
      `The answers are ${formatShape(shape)}; labels are one number an example, [N] or [N, 1].`,
      { details: { given: shape } },
    );
  }
  const labels = Int32Array.from(data);
  const wrong = labels.findIndex((label, i) => label !== data[i] || label < 0 || label >= (classes as number));
  if (wrong < 0) return labels;
  throw new LimbeckError(
    'class-mismatch',
    `The answer to example ${wrong} is ${data[wrong]}, which is no label of ${classes} classes (0…${(classes as number) - 1}).`,
    { details: { label: data[wrong], classes } },
  );
}

function noProbability({ data }: NdArray, at: number, given: GivenAnswers, classes: number): LimbeckError {
  const example = Math.floor(at / classes);
  const values = Array.from(data.subarray(example * classes, (example + 1) * classes));
  const wrong = values.find((value) => !Number.isFinite(value) || (given === 'probs' && !(value >= 0 && value <= 1)));
  if (given === 'probs' && Number.isFinite(wrong)) {
    return new LimbeckError(
      'invalid-option',
      `The answer to example ${example} holds ${wrong}, which is no probability. Are these logits? Then leave "given" out.`,
      { details: { example } },
    );
  }
  return new LimbeckError(
    'not-finite',
    `The answer to example ${example} holds ${wrong}. Check the teacher's inputs.`,
    {
      details: { example },
    },
  );
}

/** Log-probabilities, which `softTargets` at temperature 1 reads as logits. */
export function toLogits(probs: NdArray): NdArray {
  return logOfProbs(probs, LEAST);
}

/** Probability 1 for the class of each label. Labels lie within the classes. */
export function oneHot(labels: ArrayLike<number>, classes: number): NdArray {
  const data = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) data[i * classes + (labels[i] as number)] = 1;
  return { data, shape: [labels.length, classes] };
}

/**
 * Keeps the k largest probabilities of each row and spreads the rest evenly over the other classes (adaptive label smoothing
 * of DINE): what a remote teacher says about unlikely classes is noise.
 * Shapes    [N, C] → [N, C]
 * Throws    invalid-option: k is not from 1 to C
 * Source    Liang et al. 2022, "DINE", eq. 2, arXiv:2104.01539
 */
export function topSmoothed({ data, shape }: NdArray, k: number): NdArray {
  const classes = shape[1] as number;
  checkCount(k, 'k');
  if (k > classes) throw new LimbeckError('invalid-option', `"k" was ${k}, and there are ${classes} classes.`);
  const smoothed = new Float32Array(data.length);
  for (let from = 0; from < data.length; from += classes) {
    const row = data.subarray(from, from + classes);
    const order = Array.from(row.keys()).sort((a, b) => (row[b] as number) - (row[a] as number));
    const kept = order.slice(0, k);
    const rest = 1 - kept.reduce((sum, c) => sum + (row[c] as number), 0);
    for (let c = 0; c < classes; c++) smoothed[from + c] = Math.max(0, rest) / (classes - k || 1);
    for (const c of kept) smoothed[from + c] = row[c] as number;
  }
  return { data: smoothed, shape };
}

/** share · a + (1 − share) · b, element by element. */
export function mixed(a: NdArray, b: NdArray, share: number): NdArray {
  return {
    data: Float32Array.from(a.data, (value, i) => share * value + (1 - share) * (b.data[i] as number)),
    shape: a.shape,
  };
}
