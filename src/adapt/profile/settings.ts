import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkKnownOptions, checkOneOf, checkPositive } from '../../core/options.ts';
import type { LearnBudget } from '../budget.ts';
import { checkIdleOptions, type IdleSettings } from './idle.ts';
import type { Keeps, LearnOptions, ProfileLearner, ProfileOptions } from './profile.ts';

const KNOWN = ['learner', 'name', 'keeps', 'labels', 'newLabels', 'learning', 'idle', 'mostVersions'];

/** Options with nothing left open that has a default. */
export interface Settings extends Required<Omit<ProfileOptions, 'learner' | 'keeps' | 'labels' | 'idle'>> {
  /** Left out: as the profile has it. */
  readonly keeps?: Keeps;
  readonly labels?: readonly string[];
  readonly idle: IdleSettings;
}

/** Throws    invalid-option */
export function checkSettings(options: ProfileOptions): Settings {
  checkKnownOptions(options, KNOWN, 'openProfile');
  const {
    name = 'default',
    keeps,
    labels,
    newLabels = 'refused',
    learning = 'idle',
    idle = {},
    mostVersions = 10,
  } = options;
  if (options.learner !== undefined && typeof options.learner !== 'function') {
    throw new LimbeckError('invalid-option', `"learner" was ${String(options.learner)}; it must be a function.`, {
      details: { name: 'learner' },
    });
  }
  if (keeps !== undefined) checkOneOf(keeps, 'keeps', ['features', 'examples']);
  if (labels !== undefined) checkLabels(labels);
  checkOneOf(newLabels, 'newLabels', ['refused', 'allowed']);
  checkOneOf(learning, 'learning', ['idle', 'asked']);
  checkCount(mostVersions, 'mostVersions');
  return { name, keeps, labels, newLabels, learning, idle: checkIdleOptions(idle), mostVersions };
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
 * Throws    class-mismatch: not one label for each class of the base · invalid-option: new labels, where the learner hides each
 *           example, and not the class that one of them brings
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

/** Throws    unknown-label · invalid-option: no text */
export function checkLabel(label: string, labels: readonly string[], newLabels: 'refused' | 'allowed'): void {
  if (typeof label !== 'string' || label === '') {
    throw new LimbeckError(
      'invalid-option',
      `The label was ${JSON.stringify(label) ?? 'left out'}; it must be a text.`,
      {
        details: { name: 'label' },
      },
    );
  }
  if (newLabels === 'allowed' || labels.includes(label)) return;
  throw new LimbeckError(
    'unknown-label',
    `The label "${label}" is none of the base's: ${labels.join(', ')}. Check its spelling, or open the profile with ` +
      "newLabels: 'allowed' to add classes.",
    { details: { label, labels } },
  );
}

/** Throws    invalid-option */
export function checkLearnOptions(options: LearnOptions): LearnBudget {
  checkKnownOptions(options, ['ms', 'steps', 'signal'], 'learn');
  const { ms, steps } = options;
  if (ms !== undefined) checkPositive(ms, 'ms');
  if (steps !== undefined) checkCount(steps, 'steps');
  return { ms, steps };
}
