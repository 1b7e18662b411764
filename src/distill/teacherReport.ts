import { topClassesOf } from '../core/logProbs.ts';
import { copyRows } from '../core/rows.ts';
import type { NdArray } from '../core/shape.ts';
import { mean } from '../core/stats.ts';
import { UNLABELLED } from '../data/dataset.ts';
import { type GivenAnswers, holdsProbs } from '../teacher/holdsProbs.ts';
import { calibrationError } from '../train/metrics/calibrationError.ts';
import { negativeLogLikelihood } from '../train/metrics/negativeLogLikelihood.ts';
import { checkLabelsOf, classAnswersOf } from './classAnswers.ts';
import { type FittedTemperature, fitTemperature, meanEntropyOf } from './fitTemperature.ts';

/** Figures about one teacher's answers, counting only finite ones. */
export interface TeacherFigures {
  readonly name: string;
  /** Examples whose answer holds NaN or an infinity. */
  readonly notFinite: number;
  /** Whether all examples got the same answer. */
  readonly isConstant: boolean;
  /** Whether the answers look like probabilities although they were said to be logits. */
  readonly looksLikeProbs: boolean;
  /** Whether they were recognised and read as probabilities. */
  readonly fromProbs: boolean;
  /** Mean over the examples: 0 if each answer is certain of one class, log C if it knows nothing. */
  readonly entropyNats: number;
  /** The same as a fraction of log C. */
  readonly entropyFraction: number;
  /** Mean probability of the most likely class. */
  readonly confidence: number;
  /** How many examples have a confidence in (0, 0.1], (0.1, 0.2] … (0.9, 1]. */
  readonly confidences: readonly number[];
  /** The share of examples below the confidence that was asked for. */
  readonly unsureFraction: number;
  /** How often each class is the most likely one. */
  readonly predicted: readonly number[];
  /** Compared with the labels, if there are any, over the labelled examples. */
  readonly truth: TruthFigures | undefined;
}

/** One teacher compared with the labels. */
export interface TruthFigures {
  readonly accuracy: number;
  readonly calibrationError: number;
  readonly negativeLogLikelihood: number;
  /** The temperature with the highest likelihood and its effect; undefined if there is none, as when all answers are right. */
  readonly fitted: FittedTemperature | undefined;
  /** How often a class (row) got each answer (column). */
  readonly confusion: readonly (readonly number[])[];
  /** The fraction of each class that is answered correctly; NaN for a class without examples. */
  readonly classAccuracy: readonly number[];
}

/** How far two teachers disagree. */
export interface Disagreement {
  /** Their places in the list. */
  readonly teachers: readonly [number, number];
  /** The share of examples for which they name different classes. */
  readonly fraction: number;
  /** Jensen-Shannon divergence of their answers, mean over the examples: 0 for equal answers, at most log 2. */
  readonly jensenShannonNats: number;
}

export interface FiguresOptions {
  readonly name: string;
  readonly given: GivenAnswers;
  /** Default false. */
  readonly fromProbs?: boolean;
  readonly confidence: number;
  readonly labels: Int32Array | undefined;
}

const CONFIDENCE_BINS = 10;
/** A confidence that rounding moved just above a border belongs below it. */
const ROUNDING = 1e-9;

/**
 * Figures about a teacher from its answers [N, C].
 * Throws    shape-mismatch · class-mismatch
 */
export function figuresOf(answers: NdArray, options: FiguresOptions): TeacherFigures {
  const all = classAnswersOf(answers, options.given);
  if (options.labels !== undefined) checkLabelsOf(all, options.labels);
  const { classes } = all;
  const finite = Array.from({ length: all.count }, (_, i) => i).filter((i) => !Number.isNaN(all.logProbs[i * classes]));
  const logProbs = rowsOf(all.logProbs, finite, classes);
  const top = topClassesOf(logProbs, classes);
  const confidences = Array.from(top.confidences);
  const entropyNats = meanEntropyOf(logProbs, classes);
  return {
    name: options.name,
    notFinite: all.count - finite.length,
    isConstant: finite.length > 1 && logProbs.every((value, at) => value === logProbs[at % classes]),
    looksLikeProbs: options.given === 'logits' && holdsProbs(answers),
    fromProbs: options.fromProbs === true,
    entropyNats,
    entropyFraction: entropyNats / Math.log(classes),
    confidence: mean(confidences),
    confidences: histogramOf(confidences),
    unsureFraction: confidences.filter((value) => value < options.confidence).length / finite.length,
    predicted: countsOf(top.classes, classes),
    truth: options.labels && truthOf(all.logProbs, withLabels(finite, options.labels), options.labels, classes),
  };
}

/** Every pair of teachers, by their answers to the same examples. */
export function disagreementsOf(answers: readonly NdArray[], given: readonly GivenAnswers[]): Disagreement[] {
  const all = answers.map((one, i) => classAnswersOf(one, given[i]));
  return all.flatMap((first, i) =>
    all.slice(i + 1).map((second, after): Disagreement => {
      const { classes, count } = first;
      const [a, b] = [topClassesOf(first.logProbs, classes), topClassesOf(second.logProbs, classes)];
      let compared = 0;
      let different = 0;
      let divergence = 0;
      for (let row = 0; row < count; row++) {
        if (Number.isNaN(a.confidences[row]) || Number.isNaN(b.confidences[row])) continue;
        compared++;
        if (a.classes[row] !== b.classes[row]) different++;
        divergence += jensenShannon(first.logProbs, second.logProbs, row * classes, classes);
      }
      return {
        teachers: [i, i + 1 + after],
        fraction: different / compared,
        jensenShannonNats: divergence / compared,
      };
    }),
  );
}

function withLabels(rows: readonly number[], labels: Int32Array): number[] {
  return rows.filter((row) => labels[row] !== UNLABELLED);
}

function truthOf(
  allLogProbs: Float64Array,
  rows: readonly number[],
  allLabels: Int32Array,
  classes: number,
): TruthFigures | undefined {
  const count = rows.length;
  if (count === 0) return undefined;
  const logProbs = rowsOf(allLogProbs, rows, classes);
  const labels = Int32Array.from(rows, (row) => allLabels[row] as number);
  const top = topClassesOf(logProbs, classes);
  // Log-probabilities are logits too.
  const student = { data: Float32Array.from(logProbs), shape: [count, classes] };
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let right = 0;
  for (let i = 0; i < count; i++) {
    const [row, predicted] = [confusion[labels[i] as number], top.classes[i] as number];
    if (row !== undefined) row[predicted] = (row[predicted] ?? 0) + 1;
    if (predicted === labels[i]) right++;
  }
  return {
    accuracy: right / count,
    calibrationError: calibrationError.compute({ student, labels }),
    negativeLogLikelihood: negativeLogLikelihood.compute({ student, labels }),
    fitted: fittedTo(student, labels),
    confusion,
    classAccuracy: confusion.map((row, c) => (row[c] as number) / row.reduce((sum, value) => sum + value, 0)),
  };
}

/** Undefined if no temperature is best: for one class, and for probabilities of 0, which every temperature leaves at 0. */
function fittedTo(logits: NdArray, labels: Int32Array): FittedTemperature | undefined {
  if (logits.shape[1] === 1 || logits.data.some((value) => !Number.isFinite(value))) return undefined;
  const fitted = fitTemperature(logits, labels);
  return fitted.isLimit ? undefined : fitted;
}

function rowsOf(values: Float64Array, rows: readonly number[], length: number): Float64Array {
  return copyRows(values, rows, length, new Float64Array(rows.length * length));
}

function histogramOf(confidences: readonly number[]): number[] {
  const bins = confidences.map((value) => Math.max(0, Math.ceil(value * CONFIDENCE_BINS - ROUNDING) - 1));
  return countsOf(bins, CONFIDENCE_BINS);
}

function countsOf(values: Iterable<number>, length: number): number[] {
  const counts = new Array<number>(length).fill(0);
  for (const value of values) counts[Math.min(value, length - 1)] = (counts[Math.min(value, length - 1)] ?? 0) + 1;
  return counts;
}

/** (KL(p ‖ m) + KL(q ‖ m)) / 2 in nats, where m is the mean of p and q. */
function jensenShannon(first: Float64Array, second: Float64Array, from: number, classes: number): number {
  let sum = 0;
  for (let at = from; at < from + classes; at++) {
    const [p, q] = [Math.exp(first[at] as number), Math.exp(second[at] as number)];
    const middle = (p + q) / 2;
    if (p > 0) sum += p * Math.log(p / middle);
    if (q > 0) sum += q * Math.log(q / middle);
  }
  return sum / 2;
}
