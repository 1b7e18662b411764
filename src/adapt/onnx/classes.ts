import { LimbeckError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { UNLABELLED } from '../../data/dataset.ts';
import { knowledgeOf } from '../judged.ts';
import type { Answers } from './askBackbone.ts';
import type { Features } from './features.ts';
import { methodOf, type OnnxSettings, standsAlone } from './personalizeOnnxOptions.ts';

/** Whose classes a head tells. */
export interface HeadClasses {
  readonly classes: number;
  /** Whether they are the model's own, so that the head adds to what the model says. */
  readonly areOwn: boolean;
}

/** Whether the examples say that the classes are the model's own: there is something of it that is to be kept. */
export function sayOwn({ keepsClasses, base, keep }: OnnxSettings): boolean {
  return keepsClasses === true || base !== undefined || keep !== undefined;
}

/**
 * They are the model's own where the options say so; else where it gives as many, and what it says of the examples tells
 * more of their labels than chance does.
 * Throws    class-mismatch: examples of the base, and the model has other classes
 */
export function classesOf(options: OnnxSettings, { own }: Answers<Features>): HeadClasses {
  const given = own.logits?.shape[1];
  const mayAdd = options.keepsClasses !== false && !standsAlone(methodOf(options));
  if (sayOwn(options) && mayAdd) {
    requireClasses(given, options.labels?.length ?? given ?? 0);
    checkLabels(own.labels, given as number, 'data');
    return { classes: given as number, areOwn: true };
  }
  const classes = countClasses(own.labels, options.labels);
  if (sayOwn(options)) requireClasses(given, classes);
  if (!mayAdd || given !== classes || own.logits === undefined) return { classes, areOwn: false };
  const { isVisible, tells } = knowledgeOf(own.logits, own.labels);
  return { classes, areOwn: isVisible && tells };
}

function requireClasses(given: number | undefined, classes: number): void {
  if (given !== undefined && given >= 2 && given === classes) return;
  throw new LimbeckError(
    'class-mismatch',
    `"keepsClasses", "keep" and "base" are for the model's own classes, and ${
      given === undefined ? 'it gives no row of logits' : `it gives ${formatShape([null, given])}`
    } for ${classes} classes. Leave them out for classes of your own.`,
    { details: { given: given ?? null, classes } },
  );
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
