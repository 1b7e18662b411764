import { LimbeckError } from '../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { count, fraction, type OptionsOf, schema } from '../../core/schema.ts';
import { formatShape, isSameShape, makeArray, type NamedArrays, type NdArray } from '../../core/shape.ts';
import { exitOutput } from './withExits.ts';

const OPTIONS = schema('answerEarly', {
  /** An exit answers if the probability of its most likely class is at least this, from 0 to 1. Default 0.9. */
  threshold: fraction(0.9),
  /** How many exits there are. Default: all of 'exit.0', 'exit.1' … that are given. */
  exits: count()(),
});

/** When an exit is confident enough. */
export interface AnswerEarlyOptions extends OptionsOf<typeof OPTIONS> {}

/** Which exit gave which answer. */
export interface EarlyAnswers {
  /** For each example the logits of the first confident exit, or else the last output's. */
  readonly logits: NdArray;
  /** For each example the number of that exit; `exits` if the last output answered. */
  readonly exit: Int32Array;
}

/**
 * For each example the answer of the first exit that is confident. It reads outputs that are computed already: to save
 * the work of the later layers, first ask a student that ends at the exit.
 * Shapes    'exit.k' and 'logits' [B, C] → [B, C]
 * Units     logits in and out
 * Throws    unknown-output: no exit, or no 'logits' · shape-mismatch · invalid-option
 * Source    Teerapittayanon and others 2016 (BranchyNet), arXiv:1709.01686, with the largest probability for the entropy,
 *           as Zhang and others 2019 (BYOT), arXiv:1905.08094
 * @example
 * const outputs = await trainer.predict(student, (await data.read(Int32Array.of(0, 1))).inputs);
 * const { logits, exit } = answerEarly(outputs, { threshold: 0.95 });
 */
export function answerEarly(outputs: NamedArrays, options: AnswerEarlyOptions = {}): EarlyAnswers {
  const { threshold, exits = countExits(outputs) } = OPTIONS.read(options);
  const names = [...Array.from({ length: exits }, (_, k) => exitOutput(k)), DEFAULT_OUTPUT];
  const all = names.map((name) => outputOf(outputs, name));
  const [first] = all as [NdArray];
  for (const [k, array] of all.entries()) checkAlike(array, first, names[k] as string);
  const [batch = 0, classes = 1] = first.shape;
  const logits = { data: makeArray('float32', batch * classes), shape: first.shape };
  const exit = new Int32Array(batch);
  for (let i = 0; i < batch; i++) {
    const rows = all.map(({ data }) => data.subarray(i * classes, (i + 1) * classes));
    const sure = rows.findIndex((row, k) => k === exits || confidenceOf(row) >= threshold);
    exit[i] = sure;
    logits.data.set(rows[sure] as NdArray['data'], i * classes);
  }
  return { logits, exit };
}

/** The largest probability; NaN, which is never confident, if a logit is NaN. */
function confidenceOf(row: ArrayLike<number>): number {
  const logits = Array.from(row);
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
}

function countExits(outputs: NamedArrays): number {
  let count = 0;
  while (outputs[exitOutput(count)] !== undefined) count++;
  if (count > 0) return count;
  throw new LimbeckError(
    'unknown-output',
    `answerEarly reads "${exitOutput(0)}"; there are ${quoted(outputs)}. Give the outputs of a student made by withExits.`,
    { details: { given: Object.keys(outputs) } },
  );
}

function outputOf(outputs: NamedArrays, name: string): NdArray {
  const array = outputs[name];
  if (array !== undefined) return array;
  throw new LimbeckError('unknown-output', `answerEarly reads "${name}"; there are ${quoted(outputs)}.`, {
    details: { needed: name, given: Object.keys(outputs) },
  });
}

function checkAlike({ shape }: NdArray, first: NdArray, name: string): void {
  if (shape.length === 2 && isSameShape(shape, first.shape)) return;
  throw new LimbeckError(
    'shape-mismatch',
    `answerEarly chooses between rows of classes [B, C]; "${name}" is ${formatShape(shape)}, "${exitOutput(0)}" is ` +
      `${formatShape(first.shape)}.`,
    { details: { name, shape } },
  );
}

function quoted(outputs: NamedArrays): string {
  const names = Object.keys(outputs).map((name) => `"${name}"`);
  return names.join(', ') || 'none';
}
