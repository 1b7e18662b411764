import type { NdArray } from '../core/shape.ts';
import * as train from '../train/paired.ts';

/** How many of the same examples only one of two students gets right. */
export interface Pairs {
  readonly onlyStudent: number;
  readonly onlyControl: number;
}

/**
 * Counts them.
 * Shapes    student, control [N, C], labels [N]; an example without a label counts for neither
 */
export function pairsOf(student: NdArray, control: NdArray, labels: Int32Array): Pairs {
  const { gained, lost } = train.pairsOf(control, student, labels);
  return { onlyStudent: gained, onlyControl: lost };
}

/**
 * McNemar's test, exact and two-sided: the probability of counts at least this uneven if neither student is right more often
 * than the other, so that each of these examples is a coin toss.
 * Units     two counts in; a probability out, 1 if there are none
 * Source    see `lossByChance`
 */
export function mcNemar({ onlyStudent, onlyControl }: Pairs): number {
  const [fewer, more] = [Math.min(onlyStudent, onlyControl), Math.max(onlyStudent, onlyControl)];
  return Math.min(1, 2 * train.lossByChance({ gained: fewer, lost: more }));
}
