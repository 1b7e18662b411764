import { LimbeckError } from '../../core/errors.ts';
import { count, given, type OptionsOf, oneOf, type Read, schema, text } from '../../core/schema.ts';
import type { StudentSource } from '../../student/artifacts.ts';
import { IDLE, type IdleOptions } from './idle.ts';
import type { ProfileLearner } from './profile.ts';

const OPTIONS = schema('openProfile', {
  /** What learns, made of the base. Default: studentLearner(). */
  learner: given<(base: StudentSource) => ProfileLearner | Promise<ProfileLearner>>(checkLearnerMaker),
  /** A store may hold several profiles, such as one for each person or task. Default 'default'. */
  name: text('default'),
  /**
   * What is kept of each example. 'features' takes little room and holds no picture, sound or text, but fits this base
   * only; 'examples' keeps the inputs, which anyone who can read the store can see. Default: 'features', or as the profile
   * has it.
   */
  keeps: oneOf('features', 'examples')(),
  /** What the base's classes are called, in their order. Default: '0', '1', …, or as the profile has it. */
  labels: given<readonly string[]>(checkLabels),
  /**
   * Whether an example may bring a label that the base does not have, and so add a class. A learner with `privacy` takes
   * 'refused' only, since noise would not hide the label and its class. Default 'refused'.
   */
  newLabels: oneOf('refused', 'allowed')('refused'),
  /** Whether new examples are learned automatically while the page is idle, or only when asked. Default 'idle'. */
  learning: oneOf('idle', 'asked')('idle'),
  /** When learning by itself may begin, and how long it may take. */
  idle: given<IdleOptions>(IDLE.read),
  /** How many versions are kept to go back to; the oldest are deleted first. At least 1. Default 10. */
  mostVersions: count()(10),
});

/** How a profile keeps, names and learns what a person shows it. */
export interface ProfileOptions extends OptionsOf<typeof OPTIONS> {}

/** The options with their defaults. */
export interface Settings extends Read<typeof OPTIONS> {
  readonly idle: Read<typeof IDLE>;
}

/** Throws    invalid-option */
export function checkSettings(options: ProfileOptions): Settings {
  const settings = OPTIONS.read(options);
  return { ...settings, idle: IDLE.read(settings.idle ?? {}) };
}

function checkLearnerMaker(learner: unknown): void {
  if (typeof learner === 'function') return;
  throw new LimbeckError('invalid-option', `"learner" was ${String(learner)}; it must be a function.`, {
    details: { name: 'learner' },
  });
}

function checkLabels(labels: readonly string[]): void {
  const isList = Array.isArray(labels) && labels.every((label) => typeof label === 'string' && label !== '');
  if (isList && new Set(labels).size === labels.length) return;
  throw new LimbeckError(
    'invalid-option',
    `"labels" was ${JSON.stringify(labels) ?? String(labels)}; it must be texts of which no two are the same.`,
    { details: { name: 'labels' } },
  );
}

/**
 * Throws    class-mismatch: not one label for each class of the base · invalid-option: new labels with a learner that hides
 *           examples, but cannot hide a new class
 */
export function checkLearner({ labels, newLabels }: Settings, { classes, privacy }: ProfileLearner): void {
  if (labels !== undefined && labels.length !== classes) {
    throw new LimbeckError(
      'class-mismatch',
      `"labels" has ${labels.length} names and the base ${classes} classes. Give one for each, in the order of its logits.`,
      { details: { labels: labels.length, classes } },
    );
  }
  if (privacy === undefined || newLabels === 'refused') return;
  throw new LimbeckError(
    'invalid-option',
    `"newLabels" was '${newLabels}' and the learner has "privacy": a label that only one example has would be in the patch ` +
      'as it is. Leave "newLabels" out; classes that are to come belong to the base.',
    { details: { name: 'newLabels', value: newLabels } },
  );
}
