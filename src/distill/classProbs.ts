import { LimbeckError } from '../core/errors.ts';
import { checkCount } from '../core/options.ts';
import { formatShape, type NamedArrays, type NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import { logProbsOf } from '../train/logProbs.ts';

/** The smallest probability of a table; e to its logarithm is 0 in float32 beside any other class. */
const LEAST = 1e-30;

/**
 * softmax(logits) of one row of classes an example.
 * Shapes    [N, C] → [N, C]
 * Throws    unknown-output · shape-mismatch: not [N, C]
 */
export function classProbs(answers: NamedArrays, output: string): NdArray {
  const logits = answers[output];
  if (logits === undefined) {
    throw new LimbeckError(
      'unknown-output',
      `There is no output "${output}"; there are ${Object.keys(answers).join(', ') || 'none'}. Let "read" return it.`,
      { details: { needed: output, given: Object.keys(answers) } },
    );
  }
  if (logits.shape.length !== 2) {
    throw new LimbeckError(
      'shape-mismatch',
      `The output "${output}" is ${formatShape(logits.shape)}; one row of classes an example is needed, [N, C].`,
      { details: { given: logits.shape } },
    );
  }
  return { data: Float32Array.from(logProbsOf(logits), Math.exp), shape: logits.shape };
}

/** Log-probabilities, which `softTargets` at temperature 1 reads as logits. */
export function toLogits({ data, shape }: NdArray): NdArray {
  return { data: Float32Array.from(data, (probability) => Math.log(Math.max(LEAST, probability))), shape };
}

/** Probability 1 for the class of each label. Labels lie within the classes. */
export function oneHot(labels: ArrayLike<number>, classes: number): NdArray {
  const data = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) data[i * classes + (labels[i] as number)] = 1;
  return { data, shape: [labels.length, classes] };
}

/** The most likely class of each row. */
export function topClasses({ data, shape }: NdArray): Int32Array {
  const classes = shape[1] as number;
  return Int32Array.from({ length: shape[0] as number }, (_, i) => argMax(data, i * classes, classes));
}

/**
 * The k largest probabilities of each row as they are; the rest shared out evenly among the other classes (adaptive label
 * smoothing of DINE): what a far-away teacher says about unlikely classes is noise.
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

/** share · a + (1 − share) · b, number by number. */
export function mixed(a: NdArray, b: NdArray, share: number): NdArray {
  return {
    data: Float32Array.from(a.data, (value, i) => share * value + (1 - share) * (b.data[i] as number)),
    shape: a.shape,
  };
}

/** Rows after rows. */
export function stacked(a: NdArray, b: NdArray): NdArray {
  const data = new Float32Array(a.data.length + b.data.length);
  data.set(a.data);
  data.set(b.data, a.data.length);
  return { data, shape: [(a.shape[0] as number) + (b.shape[0] as number), ...a.shape.slice(1)] };
}
