import { logProbsOf, topClassesOf } from '../../core/logProbs.ts';
import type { Metric } from '../metric.ts';

const BINS = 15;
/** A confidence that rounding moved just above a border, such as 1/3, belongs below it. */
const ROUNDING = 1e-9;

/**
 * Expected calibration error (ECE): the difference between confidence and accuracy in 15 equal bins of confidence,
 * (k/15, (k+1)/15] each, weighted by their examples.
 * Shapes    student [N, C], labels [N] → fraction
 * Units     logits in; 0…1 out; lower is better
 * Numerics  NaN if an answer is NaN
 * Throws    nothing
 * Source    Guo, Pleiss, Sun, Weinberger 2017, §2, equation 3, arXiv:1706.04599; 15 bins as in their §5
 */
export const calibrationError: Metric = {
  name: 'calibrationError',
  measures: 'classes',
  better: 'lower',
  reads: { teacher: false, labels: true },
  compute({ student, labels = new Int32Array(0) }) {
    const { classes, confidences } = topClassesOf(logProbsOf(student), student.shape.at(-1) ?? 1);
    const gaps = new Float64Array(BINS);
    for (let i = 0; i < labels.length; i++) {
      const confidence = confidences[i] as number;
      if (Number.isNaN(confidence)) return Number.NaN;
      const bin = Math.min(BINS - 1, Math.max(0, Math.ceil(confidence * BINS - ROUNDING) - 1));
      gaps[bin] = (gaps[bin] as number) + confidence - (classes[i] === labels[i] ? 1 : 0);
    }
    // Each bin's share times |confidence − accuracy| is |the sum of the differences| ÷ N.
    return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / labels.length;
  },
};
