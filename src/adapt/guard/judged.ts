import { logProbsOf } from '../../core/logProbs.ts';
import { pickRows } from '../../core/rows.ts';
import type { NdArray } from '../../core/shape.ts';
import { bestSharpness } from '../../train/bestSharpness.ts';
import type { Metric, MetricInputs } from '../../train/metric.ts';
import { characterErrorRate } from '../../train/metrics/characterErrorRate.ts';
import { type GainedAndLost, pairsOf } from '../../train/paired.ts';
import type { LessonSequences } from '../examples.ts';
import { likelihoodOfSequences, pairsOfSequences } from './judgedSequences.ts';

/**
 * What base and changed student say of the same examples, as logits [N, C]; the base may know fewer classes. Where there are
 * sequences, logits are [N, T, C], and labels mean nothing.
 */
export interface Answered {
  readonly before: NdArray;
  readonly after: NdArray;
  /** [N] */
  readonly labels: Int32Array;
  readonly sequences?: LessonSequences;
}

/** Before and after; undefined where nothing was measured. */
export interface BeforeAfter {
  readonly before: number;
  readonly after: number;
}

/** Before and after, example by example. */
export interface Compared extends BeforeAfter, GainedAndLost {
  readonly examples: number;
}

/** The same, and what labels tell besides right and wrong. */
export interface Judged extends Compared {
  /**
   * How much more likely the labels became, in nats for each example, both at their best temperature, so that
   * answers that are only more or less sure make no difference; sequences, without a temperature.
   */
  readonly likelihoodGain: number;
  /**
   * Whether the answers after tell more of the labels than how often each occurs; where labels mean nothing they do not.
   * True where there are too few examples to see it. Of sequences: whether fewer errors are made than characters are there.
   */
  readonly tellsLabels: boolean;
}

/**
 * Twice the log-likelihood ratio that one example in a hundred sets of meaningless labels reaches: χ² with one degree,
 * one-sided.
 */
const BEYOND_CHANCE = 5.41;
/** Knowledge is tested only where answers that are all right would show it this many times over. */
const CLEAR = 5;
/** Of a class that is not known, in nats: a number that can be stored, for −∞. */
const UNKNOWN = -30;
/** Of the best temperature: the likelihood there is flat. */
const NEAR = 0.01;

/** Throws    nothing */
export function compare(answered: Answered, metric: Metric): Compared {
  const { before, after, labels, sequences } = answered;
  const scoreOf = (student: NdArray) => metric.compute({ student, ...truthOf(answered) });
  return {
    ...{ before: scoreOf(before), after: scoreOf(after) },
    ...(sequences ? pairsOfSequences(before, after, sequences) : pairsOf(before, after, labels)),
    examples: before.shape[0] as number,
  };
}

function truthOf({ labels, sequences }: Answered): Omit<MetricInputs, 'student'> {
  return sequences ? { sequences: sequences.rows.data as Int32Array, blank: sequences.blank } : { labels };
}

/**
 * The guard's figures. Sequences are as likely as the answers say, without a temperature; they tell something where reading
 * makes fewer errors than reading nothing would.
 * Units     likelihoods in nats
 * Source    a temperature as the one thing that is fitted: Guo et al. 2017, §4.2, arXiv:1706.04599 · that it is not 0, by
 *           the ratio of likelihoods: Wilks 1938, Ann. Math. Statist. 9(1)
 */
export function judge(answered: Answered, metric: Metric): Judged {
  const { before, after, labels, sequences } = answered;
  if (sequences !== undefined) {
    const gain = likelihoodOfSequences(after, sequences) - likelihoodOfSequences(before, sequences);
    return {
      ...compare(answered, metric),
      likelihoodGain: gain / (after.shape[0] as number),
      tellsLabels: characterErrorRate.compute({ student: after, ...truthOf(answered) }) < 1,
    };
  }
  const { isVisible, tells, likelihood } = knowledgeOf(after, labels);
  return {
    ...compare(answered, metric),
    likelihoodGain: (likelihood - likelihoodOf(before, labels)) / labels.length,
    tellsLabels: !isVisible || tells,
  };
}

/** Whether logits tell more of labels than how often each occurs, and whether that could be seen of so many. */
export function knowledgeOf(logits: NdArray, labels: Int32Array) {
  const ofFrequencies = -labels.length * entropyOf(labels);
  const likelihood = likelihoodOf(logits, labels);
  return {
    isVisible: -2 * ofFrequencies >= CLEAR * BEYOND_CHANCE,
    // Logits that are no numbers tell nothing.
    tells: 2 * (likelihood - ofFrequencies) >= BEYOND_CHANCE,
    likelihood,
  };
}

/** The log-likelihood of the labels at the best temperature, in nats. */
export function likelihoodOf(logits: NdArray, labels: Int32Array): number {
  const classes = logits.shape[1] as number;
  const rows = Int32Array.from(labels.keys()).filter((i) => (labels[i] as number) < classes);
  const known = rows.map((i) => labels[i] as number);
  const ofUnknown = UNKNOWN * (labels.length - rows.length);
  if (rows.length === 0) return ofUnknown;
  const told = pickRows(logits, rows);
  const logProbs = logProbsOf(told, 1 / bestSharpness(told, known, NEAR));
  return known.reduce((sum, label, i) => sum + (logProbs[i * classes + label] as number), ofUnknown);
}

/** Of the labels' frequencies, in nats. */
function entropyOf(labels: Int32Array): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / labels.length) * Math.log(count / labels.length),
    0,
  );
}
