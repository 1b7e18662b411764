import { LimbeckError } from '../../../core/errors.ts';
import { checkKnownOptions, checkOneOf } from '../../../core/options.ts';

export interface SelfTeacherOption {
  /**
   * A teacher made from the student itself while it learns: its moving average ('mean'), or its state at the end of the
   * previous epoch ('past'). Losses read its answers as 'self', in addition to the teacher's. Default: none.
   */
  readonly selfTeacher?: SelfTeacherOptions;
}

/**
 * A teacher made from the student while it learns, and what it is asked for. Losses read its answers like any teacher's, under
 * their own names, in addition to an external teacher's. It sees unaugmented examples.
 */
export type SelfTeacherOptions = MeanTeacherOptions | PastTeacherOptions;

/** Options of all self teachers. */
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
   * How much of the average stays at each step, from 0 to below 1; less in the first steps, so that the random start fades
   * quickly: min(1 − 1/(step + 1), decay). Default 0.999 (Mean Teacher).
   */
  readonly decay?: number;
}

/** The student at the end of the previous epoch. */
export interface PastTeacherOptions extends SelfAnswers {
  readonly kind: 'past';
}

/** The mean's decay by default. */
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
