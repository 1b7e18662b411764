import type { Loss } from '../losses/loss.ts';
import type { OutputKind } from './metric.ts';

/**
 * The kind of the student's output, which selects the metrics: what every loss that compares it says, or classes if one says
 * nothing, as losses on logits do, or if one reads labels. One number per example is a value even then, because a single
 * class is always the largest.
 */
export function outputKindOf(loss: Loss, output: string, shape: readonly (number | null)[] | undefined): OutputKind {
  const said = leavesOf(loss).filter(({ reads }) => reads.student.includes(output));
  const [first] = said;
  const kind = said.every(({ compares }) => compares === first?.compares) ? first?.compares : undefined;
  return kind ?? (shape?.at(-1) === 1 ? 'values' : 'classes');
}

/** The losses that do not combine others, or that say what all inside them compare. */
function leavesOf(loss: Loss): Loss[] {
  const { compares, terms = [] } = loss;
  return compares !== undefined || terms.length === 0 ? [loss] : terms.flatMap(leavesOf);
}
