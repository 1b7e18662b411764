import { LimbeckError } from '../core/errors.ts';
import { logProbsOf } from '../core/logProbs.ts';
import { checkFraction } from '../core/options.ts';
import { rootBetween } from '../core/rootBetween.ts';
import { pickRows } from '../core/rows.ts';
import type { NdArray } from '../core/shape.ts';
import { UNLABELLED } from '../data/dataset.ts';
import { bestSharpness, LEAST_SHARPNESS, MOST_SHARPNESS } from '../train/bestSharpness.ts';
import { calibrationError } from '../train/metrics/calibrationError.ts';
import { negativeLogLikelihood } from '../train/metrics/negativeLogLikelihood.ts';
import { checkLabelsOf, classAnswersOf } from './classAnswers.ts';

/** A temperature, and what it changes. */
export interface FittedTemperature {
  /** Divide the logits by it. It is above 1 if the model is overconfident. */
  readonly temperature: number;
  /**
   * True if there is no best temperature and it is a limit of the search, 0.01 or 100: every answer is right, or they are no
   * better than chance.
   */
  readonly isLimit: boolean;
  /** In nats. */
  readonly negativeLogLikelihood: { readonly before: number; readonly after: number };
  /** As a fraction. */
  readonly calibrationError: { readonly before: number; readonly after: number };
}

/**
 * Temperature scaling: the temperature T for which softmax(logits / T) gives the labels the highest likelihood. It changes
 * the confidence of each answer, not the answer. Fit it on examples that the model was not trained on.
 * Shapes    logits [N, C], labels [N] in 0…C−1, or −1 for none
 * Units     logits in (log-probabilities are logits too)
 * Numerics  to 1e-8 of itself; the likelihood has one maximum only, as it is concave in 1 / T
 * Throws    shape-mismatch · class-mismatch · labels-missing · empty-dataset · not-finite
 * Source    Guo, Pleiss, Sun, Weinberger 2017, §4.2, arXiv:1706.04599
 * Differs   they fit with LBFGS; here the zero of the slope is found by bisection
 *
 * @example
 * const { logits } = await teacher.ask((await labelled.read(Int32Array.of(0, 1, 2))).inputs);
 * const { temperature } = fitTemperature(logits as NdArray, Int32Array.from(labels));
 * distill({ teacher: calibrated(teacher, temperature), student, data });
 */
export function fitTemperature(logits: NdArray, labels: Int32Array): FittedTemperature {
  const { count, classes } = checked(logits);
  checkLabelsOf({ count, classes }, labels);
  const rows = Int32Array.from(labels.keys()).filter((i) => labels[i] !== UNLABELLED);
  if (rows.length === 0) {
    throw new LimbeckError('labels-missing', 'No example has a label; temperatureForEntropy(…) needs none.');
  }
  return fitLabelled(
    pickRows(logits, rows),
    rows.map((i) => labels[i] as number),
  );
}

function fitLabelled(logits: NdArray, labels: Int32Array): FittedTemperature {
  const inverse = bestSharpness(logits, labels);
  const temperature = 1 / inverse;
  const scaled = { data: Float32Array.from(logits.data, (logit) => logit * inverse), shape: logits.shape };
  const change = (metric: typeof calibrationError) => ({
    before: metric.compute({ student: logits, labels }),
    after: metric.compute({ student: scaled, labels }),
  });
  return {
    temperature,
    isLimit: inverse === LEAST_SHARPNESS || inverse === MOST_SHARPNESS,
    negativeLogLikelihood: change(negativeLogLikelihood),
    calibrationError: change(calibrationError),
  };
}

/**
 * The temperature for which the answers' mean entropy is a given fraction of the highest possible, log C: a way to soften
 * answers without labels.
 * Shapes    logits [N, C]
 * Units     logits and a fraction in
 * Numerics  to 1e-8 of itself, between 0.01 and 100, which are returned if the fraction lies beyond
 * Throws    invalid-option · shape-mismatch · empty-dataset · not-finite
 * Source    the entropy of a softmax rises with its temperature; the fraction is the caller's choice
 */
export function temperatureForEntropy(logits: NdArray, fraction: number): number {
  checkFraction(fraction, 'fraction');
  const { classes } = checked(logits);
  const excess = (beta: number) => fraction - meanEntropyOf(logProbsOf(logits, 1 / beta), classes) / Math.log(classes);
  return 1 / rootBetween(excess, LEAST_SHARPNESS, MOST_SHARPNESS);
}

/** −Σ p log p in nats, mean over the rows. */
export function meanEntropyOf(logProbs: Float64Array, classes: number): number {
  let sum = 0;
  for (const logProb of logProbs) if (logProb !== Number.NEGATIVE_INFINITY) sum -= Math.exp(logProb) * logProb;
  return (sum * classes) / logProbs.length;
}

/** Throws    shape-mismatch · empty-dataset · not-finite */
function checked(logits: NdArray): { count: number; classes: number } {
  const { count, classes, logProbs } = classAnswersOf(logits);
  if (classes === 1) {
    throw new LimbeckError(
      'shape-mismatch',
      'The logits have one class, for which every temperature gives the same answer.',
    );
  }
  if (count === 0) throw new LimbeckError('empty-dataset', 'There is no answer to fit a temperature to. Give some.');
  const at = logProbs.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return { count, classes };
  throw new LimbeckError(
    'not-finite',
    `Answer ${Math.floor(at / classes)} holds ${logits.data[at]}; a temperature needs finite logits. Leave the example ` +
      'out, or give logarithms of probabilities that are above 0.',
    { details: { example: Math.floor(at / classes) } },
  );
}
