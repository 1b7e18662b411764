import type { NdArray } from '../core/shape.ts';
import * as train from '../train/paired.ts';

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
  const { gained, lost } = train.pairsOf(control, student, labels);
  return { onlyStudent: gained, onlyControl: lost };
}

/**
 * McNemar's test, exact and two-sided: how likely counts at least so uneven are where neither student is right more often
 * than the other, so that each of these examples falls to either by the throw of a coin.
 * Units     two counts in; a probability out, 1 where there are none
 * Source    see `lossByChance`
 */
export function mcNemar({ onlyStudent, onlyControl }: Pairs): number {
  const [fewer, more] = [Math.min(onlyStudent, onlyControl), Math.max(onlyStudent, onlyControl)];
  return Math.min(1, 2 * train.lossByChance({ gained: fewer, lost: more }));
}
