import { LimbeckError } from '../../../core/errors.ts';
import { checkKnownOptions, checkOneOf } from '../../../core/options.ts';

export interface SelfTeacherOption {
  /**
   * A teacher made of the student itself while it learns: its moving average ('mean'), or what it was at the end of the
   * epoch before ('past'). Losses read its answers under the name 'self', beside the teacher's own. Default: none.
   */
  readonly selfTeacher?: SelfTeacherOptions;
}

/**
 * A teacher that is made of the student while it learns, and what it is asked for. Losses read its answers as those of any
 * teacher, by their own names, beside a teacher from outside where there is one. It sees examples as they are, never
 * varied.
 */
export type SelfTeacherOptions = MeanTeacherOptions | PastTeacherOptions;

/** What self teachers have in common. */
export interface SelfAnswers {
  /**
   * The answers' names for the loss, and which output or layer of the student each one is. Default { self: 'logits' }, so
   * that `softTargets({ teacherOutput: 'self' })` reads it.
   */
  readonly answers?: Readonly<Record<string, string>>;
}

/** The moving average of the student. */
export interface MeanTeacherOptions extends SelfAnswers {
  readonly kind: 'mean';
  /**
   * How much of the average stays at each step, from 0 to below 1; in the first steps less, so that it is soon rid of the
   * random start: min(1 − 1/(step + 1), decay). Default 0.999 (Mean Teacher).
   */
  readonly decay?: number;
}

/** The student at the end of the epoch before. */
export interface PastTeacherOptions extends SelfAnswers {
  readonly kind: 'past';
}

/** Of the mean, unless it is told otherwise. */
export const DECAY = 0.999;
const DEFAULT_ANSWERS = { self: 'logits' };

/** The names of its answers. */
export function selfAnswers(options: SelfTeacherOptions): readonly string[] {
  return Object.keys(answersOf(options));
}

/** The output or layer of the student behind each answer. */
export function answersOf({ answers = DEFAULT_ANSWERS }: SelfAnswers): Readonly<Record<string, string>> {
  return answers;
}

/** Throws    invalid-option */
export function checkSelfTeacher(options: SelfTeacherOptions): void {
  checkKnownOptions(options, ['kind', 'decay', 'answers'], 'selfTeacher');
  checkOneOf(options.kind, 'kind of selfTeacher', ['mean', 'past']);
  if (options.kind === 'mean') checkDecay(options.decay);
  else checkKnownOptions(options, ['kind', 'answers'], 'selfTeacher "past"');
  const { answers = DEFAULT_ANSWERS } = options;
  const outputs = typeof answers === 'object' && answers !== null ? Object.values(answers) : [];
  if (outputs.length > 0 && outputs.every((output) => typeof output === 'string' && output !== '')) return;
  throw new LimbeckError(
    'invalid-option',
    `"answers" of selfTeacher was ${JSON.stringify(answers)}; it must name outputs of the student, such as ` +
      '{ self: "logits" }.',
  );
}

/** Throws    invalid-option: not from 0 to below 1 */
function checkDecay(decay: number = DECAY): void {
  if (typeof decay === 'number' && decay >= 0 && decay < 1) return;
  throw new LimbeckError('invalid-option', `"decay" was ${decay}; it must be 0 or more and below 1.`);
}
