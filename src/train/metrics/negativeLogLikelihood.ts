import { logProbsOf } from '../../core/logProbs.ts';
import type { Metric } from '../metric.ts';

/**
 * Negative log-likelihood (NLL): −log of the probability given to the label, mean over the examples.
 * Shapes    student [N, C], labels [N] → nats
 * Units     logits in (log-probabilities are logits too); 0 or more out, log C for uniform answers; lower is better
 * Numerics  NaN if an answer is NaN; infinite if a label is not a class
 * Throws    nothing
 * Source    Guo, Pleiss, Sun, Weinberger 2017, §2, equation 6, arXiv:1706.04599
 * Differs   the paper's sum is a mean here, so that it does not grow with the number of examples
 */
export const negativeLogLikelihood: Metric = {
  name: 'negativeLogLikelihood',
  measures: 'classes',
  better: 'lower',
  reads: { teacher: false, labels: true },
  compute({ student, labels = new Int32Array(0) }) {
    const classes = student.shape.at(-1) ?? 1;
    const logProbs = logProbsOf(student);
    const logProbOf = (label: number, i: number) =>
      label >= 0 && label < classes ? (logProbs[i * classes + label] as number) : Number.NEGATIVE_INFINITY;
    return labels.reduce((sum, label, i) => sum - logProbOf(label, i), 0) / labels.length;
  },
};
