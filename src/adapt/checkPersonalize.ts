import { LimbeckError } from '../core/errors.ts';
import { checkCount, checkKnownOptions, checkOneOf, checkPositive } from '../core/options.ts';
import { checkNotEmpty, isLabelled } from '../data/dataset.ts';
import type { AllExamples } from './examples.ts';
import { checkGuard } from './guard.ts';
import { checkKeep } from './keep.ts';
import type { Method } from './method.ts';
import type { PersonalizeOptions } from './personalizeOptions.ts';
import { checkPrivacy } from './privacy/privacyOf.ts';

const OPTIONS: Readonly<Record<keyof PersonalizeOptions, true>> = {
  student: true,
  data: true,
  method: true,
  holdout: true,
  base: true,
  keep: true,
  guard: true,
  privacy: true,
  budget: true,
  classes: true,
  labels: true,
  precision: true,
  name: true,
  version: true,
  seed: true,
  trainer: true,
  signal: true,
};

/** Throws    invalid-option · class-mismatch, and what `checkLearning` throws */
export function checkOptions(options: PersonalizeOptions): void {
  checkKnownOptions(options, Object.keys(OPTIONS), 'personalize');
  checkLearning(options);
  const { classes, labels, name, version, precision } = options;
  if (classes !== undefined) checkCount(classes, 'classes', 2);
  if (version !== undefined) checkCount(version, 'version');
  if (precision !== undefined) checkOneOf(precision, 'precision', ['float16', 'float32']);
  if (name === '') throw new LimbeckError('invalid-option', '"name" was empty; give the patch a name.');
  if (labels !== undefined && (classes ?? labels.length) !== labels.length) {
    throw new LimbeckError('class-mismatch', `"labels" names ${labels.length} classes, and "classes" was ${classes}.`);
  }
}

/** Options of whatever learns from a person's examples. Throws    invalid-option · empty-dataset · labels-missing */
export function checkLearning(options: Omit<PersonalizeOptions, 'student'>): void {
  const { data, method, holdout, base, keep, guard, privacy, budget, seed } = options;
  if (typeof data?.read !== 'function') {
    throw new LimbeckError('invalid-option', '"data" must be a dataset, such as fromArrays or fromImages gives.');
  }
  if (method !== undefined && typeof method.learn !== 'function') {
    throw new LimbeckError('invalid-option', '"method" must be a method, such as lora() or prototypes().');
  }
  checkNotEmpty(data, 'data');
  if ((method?.readsLabels ?? true) && !isLabelled(data)) throw withoutLabels(method?.name ?? 'lora');
  for (const [role, dataset] of Object.entries({ holdout, base })) {
    if (dataset === undefined) continue;
    checkNotEmpty(dataset, role);
    if (!isLabelled(dataset)) throw withoutLabels(role);
  }
  if (keep !== undefined) checkKeep(keep);
  if (guard !== undefined) checkGuard(guard);
  if (privacy !== undefined) {
    checkPrivacy(privacy);
    if (keep?.ewc && keep.replay === undefined) throw importanceIsNotPrivate();
    if ((guard?.metric ?? 'accuracy') !== 'accuracy') throw othersAreNotPrivate();
  }
  if (budget?.ms !== undefined) checkPositive(budget.ms, 'ms');
  if (budget?.steps !== undefined) checkCount(budget.steps, 'steps');
  if (seed !== undefined) checkCount(seed, 'seed', 0);
}

/**
 * How many examples each class has. Private examples may all be of one class: whether they are is nobody's business.
 * Throws    class-mismatch: a label that is no class, one class only · empty-dataset: every example contradicts another
 */
export function checkClasses(
  { labels, size }: AllExamples,
  method: Method,
  { classes, known, isPrivate }: { readonly classes: number; readonly known: number; readonly isPrivate: boolean },
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
    `All examples are of class ${labels[0]}: from one class a student learns to say nothing else. Give examples of two at least.`,
    { details: { label: labels[0] } },
  );
}

function importanceIsNotPrivate(): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    'With "privacy", "ewc" would measure the weights’ importance on the person’s examples without noise. Give "replay", or leave it out.',
  );
}

function othersAreNotPrivate(): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    'With "privacy" the guard counts right answers: by other metrics one example could weigh more than all others. Leave ' +
      '"metric" out, or give \'accuracy\'.',
  );
}

function withoutLabels(what: string): LimbeckError {
  return new LimbeckError(
    'labels-missing',
    `"${what}" needs labels, and the data has none. Give labelled data, or a method such as entropyMinimisation().`,
  );
}
