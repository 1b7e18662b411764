import { logProbsOf } from '../core/logProbs.ts';
import { rootBetween } from '../core/rootBetween.ts';
import type { NdArray } from '../core/shape.ts';

/** The range of 1 / T that is searched, from the flattest to the sharpest answers. */
export const LEAST_SHARPNESS = 0.01;
export const MOST_SHARPNESS = 100;

/**
 * The β = 1 / T for which softmax(β · logits) gives the labels the highest likelihood. It is a limit of the range if every
 * answer is right, or if they are no better than chance.
 * Shapes    logits [N, C], labels [N] in 0…C−1
 * Numerics  to `tolerance` of itself; the likelihood is concave in β and has one maximum
 * Source    Guo, Pleiss, Sun, Weinberger 2017, §4.2, arXiv:1706.04599
 */
export function bestSharpness(logits: NdArray, labels: Int32Array, tolerance = 1e-8): number {
  return rootBetween((beta) => slope(logits, labels, beta), LEAST_SHARPNESS, MOST_SHARPNESS, tolerance);
}

/** d NLL / d β: the mean logit under the answer, less that of the label. Rises with β. */
function slope(logits: NdArray, labels: Int32Array, beta: number): number {
  const classes = logits.shape[1] as number;
  const logProbs = logProbsOf(logits, 1 / beta);
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const first = i * classes;
    const truth = logits.data[first + (labels[i] as number)] as number;
    for (let at = first; at < first + classes; at++) {
      sum += Math.exp(logProbs[at] as number) * ((logits.data[at] as number) - truth);
    }
  }
  return sum / labels.length;
}
