import { LimbeckError } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import type { Loss } from '../losses/loss.ts';
import type { StudentDescription } from '../student/student.ts';

/** How many classes the labels of this loss may name: those of the smallest output that it holds against labels. */
export function classesOf(loss: Loss, outputs: StudentDescription['outputs']): number {
  const held = labelledOutputs(loss).filter((name) => loss.reads.student.includes(name));
  return Math.min(...(held.length > 0 ? held : [DEFAULT_OUTPUT]).map((name) => outputs[name]?.at(-1) ?? 0));
}

/** The student's output that metrics compare: the first that the loss reads, of those that are no inner layers. */
export function comparedOutput({ reads }: Loss, outputs: StudentDescription['outputs']): string | undefined {
  return reads.student.find((name) => outputs[name] !== undefined);
}

function labelledOutputs({ terms, reads }: Loss): readonly string[] {
  if (terms !== undefined) return terms.flatMap(labelledOutputs);
  return reads.labels ? reads.student : [];
}

/** Throws    class-mismatch: a label that is no class of the student */
export function checkLabelRange(labels: Int32Array, classes: number): void {
  const wrong = labels.findIndex((label) => label < 0 || label >= classes);
  if (wrong < 0) return;
  throw new LimbeckError(
    'class-mismatch',
    `The label ${labels[wrong]} lies outside the student's ${classes} classes (0…${classes - 1}). ` +
      'Renumber the labels, or build the student with more classes.',
    { details: { label: labels[wrong], classes } },
  );
}
