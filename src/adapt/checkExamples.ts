// What is wrong with examples, told before anything is learned from them.
import { LimbeckError } from '../core/errors.ts';
import { formatShape, type NdArray } from '../core/shape.ts';
import { isLabelled } from '../data/dataset.ts';
import { ctc } from '../losses/response/ctc.ts';
import { checkSequences } from '../train/labels.ts';
import { characterErrorRate } from '../train/metrics/characterErrorRate.ts';
import type { AllExamples } from './examples.ts';
import type { GuardOptions } from './guard/guardOptions.ts';
import type { Method } from './method.ts';
import type { LearnOptions } from './personalizeOptions.ts';

/** Throws    labels-missing: data without labels or, where those are learned, without sequences */
export function checkTruth(examples: AllExamples | undefined, what: string, isSequenced: boolean): void {
  if (examples === undefined || (isSequenced ? examples.sequences : examples.labels) !== undefined) return;
  throw isSequenced ? withoutSequences(what) : withoutLabels(what);
}

/** Throws    labels-missing */
export function checkLabelled({
  data,
  method,
  holdout,
  base,
}: Pick<LearnOptions, 'data' | 'method' | 'holdout' | 'base'>): void {
  if (method.readsLabels && !isLabelled(data)) throw withoutLabels(method.name);
  for (const [role, dataset] of Object.entries({ holdout, base })) {
    if (dataset !== undefined && !isLabelled(dataset)) throw withoutLabels(role);
  }
}

function withoutLabels(what: string): LimbeckError {
  return new LimbeckError(
    'labels-missing',
    `"${what}" needs labels, and the data has none. Give labelled data, or a method such as entropyMinimisation(); for a ` +
      'student that answers for each step, withSequences(data, …).',
  );
}

function withoutSequences(what: string): LimbeckError {
  return new LimbeckError(
    'labels-missing',
    `"${what}" needs a sequence for each example, and the data has none. Give withSequences(data, …).`,
  );
}

/** How many classes there are to be, and how many the base knows. */
interface Known {
  readonly classes: number;
  readonly known: number;
}

/**
 * The guard for sequences, by whose metric they are judged.
 * Throws    invalid-option: what learns from one class of each example alone · class-mismatch: new classes
 */
export function checkSequenced(
  { name, readsSequences }: Method,
  { guard, keep, privacy }: Pick<LearnOptions, 'guard' | 'keep' | 'privacy'>,
  { classes, known }: Known,
): GuardOptions {
  const metric = guard?.metric ?? characterErrorRate;
  const wrong =
    (!readsSequences && `the method "${name}". Take lora(), headOnly(), biasOnly() or full()`) ||
    (privacy !== undefined && '"privacy". Leave it out') ||
    (keep?.ewc && '"ewc" of "keep". Give "replay" or "former" instead') ||
    ((typeof metric !== 'object' || !metric.reads.sequences) &&
      'the guard’s "metric". Leave it out, or give one that reads sequences');
  if (wrong) {
    throw new LimbeckError(
      'invalid-option',
      `The data has sequences, and one class of each example is what it takes: ${wrong}.`,
    );
  }
  if (classes === known) return { ...guard, metric };
  throw new LimbeckError(
    'class-mismatch',
    `"classes" was ${classes}, and the student reads ${known}, the blank and its alphabet, which stays as it is. Leave it out.`,
    { details: { classes, known } },
  );
}

/**
 * Whether the base's answers [N, T, C] have room for the sequences of examples.
 * Throws    shape-mismatch: the base does not answer for each step · class-mismatch · sequence-too-long
 */
export function checkSteps({ sequences, size }: AllExamples, logits: NdArray, blank: number): void {
  if (sequences === undefined) return;
  const loss = ctc({ blank });
  const student = { logits: logits.shape.slice(1) };
  loss.check?.({ student, teacher: {}, batchSize: size, examples: size });
  checkSequences(loss, sequences.data as Int32Array, size, student);
}

/**
 * Whether the base gives one row of classes for each example.
 * Throws    labels-missing: it answers for each step, and the examples have no sequences · invalid-option: a metric of these
 */
export function checkOneAnswer({ shape }: NdArray, { metric }: GuardOptions): void {
  if (typeof metric === 'object' && !metric.reads.labels) {
    throw new LimbeckError(
      'invalid-option',
      `The guard's metric "${metric.name}" reads sequences, and none are learned. Give one that reads labels.`,
    );
  }
  if (shape.length === 2) return;
  throw new LimbeckError(
    'labels-missing',
    `The student answers ${formatShape([null, ...shape.slice(1)])}, for each step, so that it learns from a sequence for each ` +
      'example. Give withSequences(data, …), and a method that reads them, such as lora().',
  );
}

/**
 * How many examples each class has. Private examples may all be of one class, which must stay hidden.
 * Throws    class-mismatch: a label that is no class, one class only · empty-dataset: every example contradicts another
 */
export function checkClasses(
  { labels, size }: AllExamples,
  method: Method,
  { classes, known, isPrivate }: Known & { readonly isPrivate: boolean },
): number[] {
  if (size === 0) {
    throw new LimbeckError(
      'empty-dataset',
      'Every example contradicts another with the same input. Correct the labels.',
    );
  }
  if (classes < known) {
    throw new LimbeckError(
      'class-mismatch',
      `"classes" was ${classes}, and the student knows ${known}. Give all of them.`,
      {
        details: { classes, known },
      },
    );
  }
  if (labels === undefined || !method.readsLabels) return [];
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) {
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new LimbeckError(
        'class-mismatch',
        `An example has the label ${label}, and there are ${classes} classes (0…${classes - 1}). Give "classes" to add new ones.`,
        { details: { label, classes } },
      );
    }
    counts[label] = (counts[label] as number) + 1;
  }
  if (isPrivate || counts.filter((count) => count > 0).length > 1) return counts;
  throw new LimbeckError(
    'class-mismatch',
    `All examples are of class ${labels[0]}: from one class a student learns to answer nothing else. Give examples of at least two.`,
    { details: { label: labels[0] } },
  );
}
