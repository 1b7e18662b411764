import { LimbeckError } from '../../core/errors.ts';
import { checkKnownOptions } from '../../core/options.ts';
import { isTagged } from '../../core/tags.ts';

/** Which of several, in the order of the file: the first, the last, all of them, or one by its position from 0. */
export type TapPlace = 'first' | 'last' | 'every' | number;

/** A tensor by its name. */
export interface TensorTap {
  readonly tensor: string;
  /** What the output is called; default: as the tensor. */
  readonly name?: string;
}

/** What a node gives: one by its name, or those of an operator, such as 'MatMul'. */
export interface NodeOutputTap {
  readonly outputOf: string;
  /** Which of an operator's nodes; default 'last'. */
  readonly at?: TapPlace;
  /** Which of the node's outputs, from 0; default: the first. */
  readonly index?: number;
  readonly name?: string;
}

/** What a node reads: one by its name, or those of an operator. */
export interface NodeInputTap {
  readonly inputOf: string;
  /** Which of an operator's nodes; default 'last'. */
  readonly at?: TapPlace;
  /** Which of the node's inputs, from 0; default: the first that is computed, and no weight. */
  readonly index?: number;
  readonly name?: string;
}

/**
 * Inner tensors of a model that are to become outputs. A string is the name of a tensor or, where no tensor is called so
 * and it holds a *, a pattern; patterns and regular expressions mean what nodes compute, and never constants. All plain
 * values: a tap crosses to a worker.
 *
 * @example
 * const taps: Tap[] = ['encoder.*_output', { inputOf: 'MatMul', at: 'last', name: 'features' }];
 */
export type Tap = string | RegExp | TensorTap | NodeOutputTap | NodeInputTap;

/**
 * Checks taps before a model is there.
 * Throws    invalid-option: no list, an empty one, or a tap that is none; "untilTaps" without taps
 */
export function checkTaps(taps: readonly Tap[] | undefined, untilTaps?: boolean): void {
  if (untilTaps !== undefined && typeof untilTaps !== 'boolean') {
    throw new LimbeckError('invalid-option', `"untilTaps" was ${String(untilTaps)}; it must be true or false.`);
  }
  if (taps === undefined) {
    if (untilTaps !== true) return;
    throw new LimbeckError(
      'invalid-option',
      '"untilTaps" cuts a model after its taps, and "taps" is missing. Name the tensors that are wanted.',
    );
  }
  if (!Array.isArray(taps)) throw invalid('"taps"', taps, 'a list of taps');
  if (taps.length === 0) {
    throw new LimbeckError('invalid-option', '"taps" is an empty list; name at least one tensor, or leave it out.');
  }
  for (const [i, tap] of taps.entries()) checkTap(tap as Tap, `taps[${i}]`);
}

/** A tap as it was written, for messages. */
export function tapText(tap: Tap): string {
  if (typeof tap === 'string') return `"${tap}"`;
  if (isTagged(tap, 'RegExp')) return String(tap);
  const fields = Object.entries(tap).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `{ ${fields.join(', ')} }`;
}

const KINDS = ['tensor', 'outputOf', 'inputOf'] as const;

function checkTap(tap: unknown, subject: string): void {
  if (isTagged(tap, 'RegExp')) return;
  if (typeof tap === 'string') {
    if (tap !== '') return;
    throw invalid(subject, tap, 'the name of a tensor');
  }
  if (typeof tap !== 'object' || tap === null) {
    throw invalid(
      subject,
      tap,
      'a name, a pattern, a regular expression, or an object with tensor, outputOf or inputOf',
    );
  }
  const kinds = KINDS.filter((kind) => kind in tap);
  if (kinds.length !== 1) {
    throw new LimbeckError(
      'invalid-option',
      `${subject} has ${kinds.length === 0 ? 'none' : kinds.join(' and ')} of tensor, outputOf and inputOf; it must ` +
        'have exactly one.',
    );
  }
  const kind = kinds[0] as (typeof KINDS)[number];
  checkKnownOptions(tap, kind === 'tensor' ? ['tensor', 'name'] : [kind, 'at', 'index', 'name'], subject);
  const { [kind]: wanted, at, index, name } = tap as Record<string, unknown>;
  checkName(wanted, `${subject}.${kind}`);
  if (name !== undefined) checkName(name, `${subject}.name`);
  if (index !== undefined && !isPosition(index))
    throw invalid(`${subject}.index`, index, 'a whole number of 0 or more');
  if (at !== undefined && !['first', 'last', 'every'].includes(at as string) && !isPosition(at)) {
    throw invalid(`${subject}.at`, at, '"first", "last", "every", or a position from 0');
  }
  if (at === 'every' && name !== undefined) {
    throw new LimbeckError(
      'invalid-option',
      `${subject} gives the one name "${String(name)}" to every tensor that it finds. Leave "name" out, or name one tensor.`,
    );
  }
}

function checkName(value: unknown, subject: string): void {
  if (typeof value !== 'string' || value === '') throw invalid(subject, value, 'a name');
}

function isPosition(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

function invalid(subject: string, value: unknown, needed: string): LimbeckError {
  const given = typeof value === 'string' ? `"${value}"` : String(value);
  return new LimbeckError('invalid-option', `${subject} was ${given}; it must be ${needed}.`, {
    details: { name: subject, value: given },
  });
}
