import { count, type OptionsOf, schema } from '../../../core/schema.ts';
import type { Metric } from '../../metric.ts';

const OPTIONS = schema('topAccuracy', {
  /** How many classes may be named. Default 5. */
  top: count()(5),
});

/** How many classes may be named. */
export interface TopAccuracyOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Top-k accuracy: the fraction of examples whose label is one of the k most likely classes. Give it as one of `metrics`.
 * Shapes    student [N, C], labels [N] → fraction
 * Units     0…1; higher is better; 1 if there are k classes or fewer
 * Numerics  of equal classes the first counts as likelier, as in `accuracy`; NaN if an answer is NaN
 * Throws    invalid-option
 * Source    Russakovsky et al. 2015, ImageNet Large Scale Visual Recognition Challenge, arXiv:1409.0575
 * @example
 * distill({ teacher, student, data, holdout, metrics: [topAccuracy({ top: 3 })] });
 */
export function topAccuracy(options: TopAccuracyOptions = {}): Metric {
  const { top } = OPTIONS.read(options);
  return {
    name: `topAccuracy@${top}`,
    measures: 'classes',
    reads: { teacher: false, labels: true },
    compute({ student: { data, shape }, labels = new Int32Array(0) }) {
      const classes = shape.at(-1) as number;
      if (data.some(Number.isNaN)) return Number.NaN;
      const isFound = (label: number, i: number) => {
        const row = data.subarray(i * classes, (i + 1) * classes);
        const own = row[label] as number;
        let ahead = 0;
        for (let c = 0; c < classes; c++) if ((row[c] as number) > own || (row[c] === own && c < label)) ahead++;
        return ahead < top;
      };
      return labels.reduce((found, label, i) => found + Number(isFound(label, i)), 0) / labels.length;
    },
  };
}
