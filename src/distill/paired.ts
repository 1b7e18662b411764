import type { NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import { UNLABELLED } from '../data/dataset.ts';

/** Of the same examples, how many only one of two students names right; where both are right, or both wrong, nothing is told. */
export interface Pairs {
  readonly onlyStudent: number;
  readonly onlyControl: number;
}

/**
 * Counts them.
 * Shapes    student, control [N, C], labels [N]; an example without a label counts for nobody
 */
export function pairsOf(student: NdArray, control: NdArray, labels: Int32Array): Pairs {
  const isRight = ({ data, shape }: NdArray, i: number) => {
    const classes = shape[1] as number;
    return argMax(data, i * classes, classes) === labels[i];
  };
  let [onlyStudent, onlyControl] = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === UNLABELLED) continue;
    const [ofStudent, ofControl] = [isRight(student, i), isRight(control, i)];
    if (ofStudent && !ofControl) onlyStudent++;
    if (ofControl && !ofStudent) onlyControl++;
  }
  return { onlyStudent, onlyControl };
}

/**
 * McNemar's test, exact and two-sided: how likely counts at least so uneven are where neither student is right more often
 * than the other, so that each of these examples falls to either by the throw of a coin.
 * Units     two counts in; a probability out, 1 where there are none
 * Source    McNemar 1947, Psychometrika 12(2), 153–157, by the binomial distribution itself; for two learners on one test
 *           set: Dietterich 1998, Neural Computation 10(7), 1895–1923, §3.1
 */
export function mcNemar({ onlyStudent, onlyControl }: Pairs): number {
  const count = onlyStudent + onlyControl;
  const fewer = Math.min(onlyStudent, onlyControl);
  // The last term of the tail is its largest: 2^-count alone is 0 from some 1,100 examples on.
  let last = -count * Math.LN2;
  for (let k = 1; k <= fewer; k++) last += Math.log((count - fewer + k) / k);
  let [term, tail] = [1, 1];
  for (let k = fewer; k > 0 && term > 0; k--) {
    term *= k / (count - k + 1);
    tail += term;
  }
  return Math.min(1, 2 * Math.exp(last + Math.log(tail)));
}
