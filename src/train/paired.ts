import type { NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';

/** Of the same examples, how many only the later of two models gets right, and how many only the earlier. */
export interface GainedAndLost {
  readonly gained: number;
  readonly lost: number;
}

/** Shapes    before [N, C], after [N, D], labels [N]; an example without a label (−1) counts for neither */
export function pairsOf(before: NdArray, after: NdArray, labels: Int32Array): GainedAndLost {
  const isRight = ({ data, shape }: NdArray, i: number) => {
    const classes = shape[1] as number;
    return argMax(data, i * classes, classes) === labels[i];
  };
  let [gained, lost] = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    const [was, is] = [isRight(before, i), isRight(after, i)];
    if (is && !was) gained++;
    if (was && !is) lost++;
  }
  return { gained, lost };
}

/**
 * McNemar's test, exact and one-sided: the probability of at least this many losses if a loss is as likely as a gain, so
 * that each of these examples is a coin toss.
 * Units     two counts in, which may be fractions; a probability out, 1 if nothing is lost
 * Source    McNemar 1947, Psychometrika 12(2), 153–157, by the binomial distribution itself; for two learners on one test
 *           set: Dietterich 1998, Neural Computation 10(7), 1895–1923, §3.1
 */
export function lossByChance({ gained, lost }: GainedAndLost): number {
  const count = Math.round(gained + lost);
  const least = Math.max(0, Math.ceil(lost - 1e-9));
  // In logarithms, because 2^-count underflows beyond about 1,100 examples.
  let term = -count * Math.LN2;
  let tail = least === 0 ? Math.exp(term) : 0;
  for (let k = 1; k <= count; k++) {
    term += Math.log((count - k + 1) / k);
    if (k >= least) tail += Math.exp(term);
  }
  return Math.min(1, tail);
}
