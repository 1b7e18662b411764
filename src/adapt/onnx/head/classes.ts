import { LimbeckError } from '../../../core/errors.ts';
import { formatShape } from '../../../core/shape.ts';
import { knowledgeOf } from '../../guard/judged.ts';
import { checkLabels, countClasses } from '../labels.ts';
import { methodOf, type OnnxSettings, standsAlone } from '../personalizeOnnxOptions.ts';
import type { Answers } from './askBackbone.ts';
import type { Features } from './features.ts';

/** Whether a head tells the model's own classes or others. */
export interface HeadClasses {
  readonly classes: number;
  /** Whether they are the model's own, so that the head adds to what the model says. */
  readonly areOwn: boolean;
}

/** Whether the options say that the classes are the model's own, because something of it is to be kept. */
export function sayOwn({ keepsClasses, base, keep }: OnnxSettings): boolean {
  return keepsClasses === true || base !== undefined || keep !== undefined;
}

/**
 * They are the model's own if the options say so; otherwise if it has as many, and its answers tell more about the labels
 * than chance does.
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
