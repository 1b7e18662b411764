import { LimbeckError } from '../core/errors.ts';
import { firstNonFinite, requireNumbers } from '../core/shape.ts';
import type { Examples, LabelledExamples } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import type { StudentDescription } from '../student/student.ts';
import { checkLabelRange, checkSequences, classesOf } from '../train/labels.ts';

/** Throws    not-finite · class-mismatch · sequence-too-long, with the number of the example */
export function checkExamples(
  examples: Examples | LabelledExamples,
  first: number,
  loss: Loss,
  student: StudentDescription,
) {
  checkFinite(examples, first);
  const { labels, sequences } = besideInputs(loss, examples);
  if (labels !== undefined) checkLabelRange(labels, classesOf(loss, student.outputs), loss);
  const [count = 0] = Object.values(examples.inputs)[0]?.shape ?? [];
  if (sequences !== undefined) checkSequences(loss, sequences, count, student.outputs, first);
}

/** Throws    invalid-option: numbers of another type · not-finite, with the number of the example; `first` is that of the first one here */
export function checkFinite({ inputs }: Examples, first: number): void {
  for (const [name, { data, shape }] of Object.entries(inputs)) {
    requireNumbers(data, `The data's input "${name}"`);
    const at = firstNonFinite(data);
    if (at < 0) continue;
    const example = first + Math.floor(at / (data.length / (shape[0] ?? 1)));
    throw new LimbeckError(
      'not-finite',
      `Example ${example} holds ${data[at]} in its input "${name}". Clean the data, or leave the example out.`,
      { details: { example, name } },
    );
  }
}

/** Labels, sequences and weights of examples reach the training thread only where the loss reads them. */
export function besideInputs(
  { reads }: Loss,
  examples: Examples | LabelledExamples,
): { labels?: Int32Array; sequences?: Int32Array; exampleWeights?: Float32Array } {
  const { exampleWeights, sequences } = examples;
  return {
    ...(reads.labels && 'labels' in examples && { labels: examples.labels }),
    ...(reads.sequences && sequences && { sequences }),
    ...(reads.exampleWeights && exampleWeights && { exampleWeights }),
  };
}
