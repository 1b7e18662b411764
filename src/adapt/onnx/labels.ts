import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import { type LabelledDataset, UNLABELLED } from '../../data/dataset.ts';
import { batches } from '../../data/views.ts';

/** The class of every example, before the model is asked. */
export async function readLabels(data: LabelledDataset, signal: AbortSignal): Promise<Int32Array> {
  const labels = new Int32Array(data.size);
  for await (const { indices, examples } of batches(data, 256, { signal })) {
    throwIfAborted(signal);
    labels.set(examples.labels, indices[0] as number);
  }
  return labels;
}

/**
 * How many classes a person's examples have.
 * Throws    class-mismatch: a label outside of the names, one class alone, or a class without an example ·
 *           labels-missing: an example without a label
 */
export function countClasses(labels: Int32Array, names: readonly string[] | undefined): number {
  const classes = names?.length ?? labels.reduce((most, label) => Math.max(most, label + 1), 0);
  checkLabels(labels, classes, 'data');
  const counts = Array.from({ length: classes }, () => 0);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  const nameOf = (label: number) => (names === undefined ? `${label}` : `${label} (${names[label]})`);
  if (classes < 2) {
    throw new LimbeckError(
      'class-mismatch',
      `There is ${classes === 1 ? 'one class' : 'no class'}, ${labels.length} examples; a head tells two or more apart. ` +
        'Add examples of another class.',
      { details: { classes } },
    );
  }
  const missing = counts.indexOf(0);
  if (missing >= 0) {
    throw new LimbeckError(
      'class-mismatch',
      `The class ${nameOf(missing)} of ${classes} has no example. Give each class at least one, or leave its name out.`,
      { details: { label: missing, classes } },
    );
  }
  return classes;
}

/** Throws    class-mismatch · labels-missing */
export function checkLabels(labels: Int32Array, classes: number, role: string): void {
  const at = labels.findIndex((label) => label < 0 || label >= classes);
  if (at < 0) return;
  if (labels[at] === UNLABELLED) {
    throw new LimbeckError('labels-missing', `Example ${at} of the ${role} has no label. Label it, or leave it out.`, {
      details: { example: at },
    });
  }
  throw new LimbeckError(
    'class-mismatch',
    `Example ${at} of the ${role} has the label ${labels[at]}; there are ${classes} classes, from 0 to ${classes - 1}.`,
    { details: { example: at, label: labels[at], classes } },
  );
}
