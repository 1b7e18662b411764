import type { Loss } from '../losses/loss.ts';
import type { OutputKind } from './metric.ts';

/**
 * What the student's output is, by which metrics are chosen: what every loss that compares it says it is; classes where one
 * says nothing, as losses on logits do, or where one reads labels. One number an example is a value even then, since
 * its largest is always the same.
 */
export function outputKindOf(loss: Loss, output: string, shape: readonly (number | null)[] | undefined): OutputKind {
  const said = leavesOf(loss).filter(({ reads }) => reads.student.includes(output));
  const [first] = said;
  const kind = said.every(({ compares }) => compares === first?.compares) ? first?.compares : undefined;
  return kind ?? (shape?.at(-1) === 1 ? 'values' : 'classes');
}

/** The losses that combine no others. */
function leavesOf(loss: Loss): Loss[] {
  return loss.terms === undefined || loss.terms.length === 0 ? [loss] : loss.terms.flatMap(leavesOf);
}
