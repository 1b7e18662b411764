import { LimbeckError } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { isSameShape } from '../core/shape.ts';
import { UNLABELLED } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import type { StudentDescription } from '../student/student.ts';

/**
 * How many classes the labels of this loss may have: those of the smallest output that it compares with labels. Inner
 * layers have no classes.
 */
export function classesOf(loss: Loss, outputs: StudentDescription['outputs']): number {
  const isHeld = (name: string) => loss.reads.student.includes(name) && outputs[name] !== undefined;
  const held = labelledOutputs(loss).filter(isHeld);
  return Math.min(...(held.length > 0 ? held : [DEFAULT_OUTPUT]).map((name) => outputs[name]?.at(-1) ?? 0));
}

/** The student's output that metrics compare: the first that the loss reads which is not an inner layer. */
export function comparedOutput({ reads }: Loss, outputs: StudentDescription['outputs']): string | undefined {
  return reads.student.find((name) => outputs[name] !== undefined);
}

/** The same, and those of its peers, which end in a dot and a number: of a cohort, of branches, of exits. */
export function measuredOutputs(loss: Loss, outputs: StudentDescription['outputs']): string[] {
  const compared = comparedOutput(loss, outputs);
  if (compared === undefined) return [];
  const isPeer = (name: string) =>
    name !== compared && /\.\d+$/.test(name) && outputs[name] !== undefined && loss.reads.student.includes(name);
  const peers = [...new Set(loss.reads.student)].filter(isPeer);
  return [compared, ...peers.filter((name) => isSameShape(outputs[name] ?? [], outputs[compared] ?? []))];
}

/** For a loss that combines others and reads labels itself, such as to weight examples, all outputs of the student count. */
function labelledOutputs({ terms = [], reads }: Loss): readonly string[] {
  const inTerms = terms.flatMap(labelledOutputs);
  return inTerms.length > 0 || !reads.labels ? inTerms : reads.student;
}

/**
 * Every loss inside says what is wrong with the sequences of these examples; the first is number `first` of the dataset.
 * Throws    labels-missing: the loss reads sequences, and there are none · shape-mismatch: not as many numbers for each ·
 *           class-mismatch · sequence-too-long
 */
export function checkSequences(
  loss: Loss,
  sequences: Int32Array | undefined,
  examples: number,
  outputs: StudentDescription['outputs'],
  first = 0,
): void {
  if (!loss.reads.sequences) return;
  if (sequences === undefined) {
    throw new LimbeckError(
      'labels-missing',
      `The loss "${loss.name}" reads a sequence for each example, and the data has none. Give withSequences(data, …).`,
    );
  }
  const length = sequenceLength(sequences, examples);
  for (const term of loss.terms ?? []) checkSequences(term, sequences, examples, outputs, first);
  loss.checkSequences?.({ values: sequences, length, first }, outputs);
}

/** L of sequences [B, L]. Throws    shape-mismatch: not as many numbers for each example */
export function sequenceLength(sequences: Int32Array, examples: number): number {
  if (sequences.length > 0 && sequences.length % examples === 0) return sequences.length / examples;
  throw new LimbeckError(
    'shape-mismatch',
    `There are ${sequences.length} numbers in the sequences of ${examples} examples; they must be [B, L], each with −1 ` +
      'behind its end. withSequences(data, …) makes them so.',
    { details: { numbers: sequences.length, examples } },
  );
}

/** Whether every label that this loss reads may be missing. */
function allowsUnlabelled({ terms, reads, allowsUnlabelled: allows = false }: Loss): boolean {
  return terms === undefined || terms.length === 0 ? !reads.labels || allows : terms.every(allowsUnlabelled);
}

/** Throws    class-mismatch: a label that is not a class of the student, nor −1 where the loss allows that */
export function checkLabelRange(labels: Int32Array, classes: number, loss: Loss): void {
  const least = allowsUnlabelled(loss) ? UNLABELLED : 0;
  const wrong = labels.findIndex((label) => label < least || label >= classes);
  if (wrong < 0) return;
  if (labels[wrong] === UNLABELLED) {
    throw new LimbeckError(
      'labels-missing',
      `An example has no label (−1), and the loss "${loss.name}" needs one for each. crossEntropy and decoupledTargets ` +
        'do without; or leave such examples out with pick(…).',
      { details: { label: UNLABELLED } },
    );
  }
  throw new LimbeckError(
    'class-mismatch',
    `The label ${labels[wrong]} lies outside the student's ${classes} classes (0…${classes - 1}). ` +
      'Renumber the labels, or build the student with more classes.',
    { details: { label: labels[wrong], classes } },
  );
}
