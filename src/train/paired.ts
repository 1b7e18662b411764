import type { NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';

/** Of the same examples, how many only the later of two models names right, and how many only the former. */
export interface GainedAndLost {
  readonly gained: number;
  readonly lost: number;
}

/** Shapes    before [N, C], after [N, D], labels [N]; an example without a label (−1) counts for nobody */
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
 * McNemar's test, exact and one-sided: how likely so many losses or more are where a loss is as likely as a gain, so that
 * each of these examples falls to either by the throw of a coin.
 * Units     two counts in, which may be broken; a probability out, 1 where nothing is lost
 * Source    McNemar 1947, Psychometrika 12(2), 153–157, by the binomial distribution itself; for two learners on one test
 *           set: Dietterich 1998, Neural Computation 10(7), 1895–1923, §3.1
 */
export function lossByChance({ gained, lost }: GainedAndLost): number {
  const count = Math.round(gained + lost);
  const least = Math.max(0, Math.ceil(lost - 1e-9));
  // By logarithms: 2^-count alone is 0 from some 1,100 examples on.
  let term = -count * Math.LN2;
  let tail = least === 0 ? Math.exp(term) : 0;
  for (let k = 1; k <= count; k++) {
    term += Math.log((count - k + 1) / k);
    if (k >= least) tail += Math.exp(term);
  }
  return Math.min(1, tail);
}
