import { LimbeckError } from '../../core/errors.ts';
import { checkCount } from '../../core/options.ts';

/**
 * How exactly an output's numbers are kept. What is kept of an example's output whose last axis is C long, and how far
 * what is given back may lie from it:
 *
 *   float32    4 C bytes; nothing is lost.
 *   float16    2 C bytes; rounded to nearest, within 2^-11 of each value (2^-25 below 2^-14). Beyond ±65,504 it is cut.
 *   int8       C + 4 bytes; 256 even steps from the smallest to the largest of the C values, within half a step.
 *   { topK }   the K largest of the C values in float16 with their places, and the mass of all others in one number
 *              more. The others are given back as equal to each other, such that the probabilities of the K, and
 *              what they leave to the others together, are as the teacher said at temperature 1.
 *
 * Outputs of whole numbers are always kept exactly.
 * Source    what top-k leaves out, spread evenly: marginal smoothing of Shen, Xing 2021, arXiv:2112.01528
 */
export type Precision = 'float32' | 'float16' | 'int8' | { readonly topK: number };

/** One precision for all outputs, or one for each by name; outputs that are not named are kept in float32. */
export type CachePrecision = Precision | Readonly<Record<string, Precision>>;

/** How the numbers of one axis become bytes and come back. Bytes lie at any address, so they are written one by one. */
export interface Codec {
  /** Bytes of a row of this many numbers. */
  readonly bytesOf: (width: number) => number;
  /** Writes the numbers from `at` on as bytes from `to` on; gives how many of them were cut to fit. */
  readonly encode: (values: Float32Array, at: number, width: number, bytes: Uint8Array, to: number) => number;
  readonly decode: (bytes: Uint8Array, at: number, width: number, values: Float32Array, to: number) => void;
}

const NAMES: readonly unknown[] = ['float32', 'float16', 'int8'];

/** Throws    invalid-option: no precision, nor a record of them */
export function checkPrecision(precision: CachePrecision): CachePrecision {
  if (isSingle(precision)) return checkSingle(precision, 'precision');
  if (typeof precision !== 'object' || precision === null) throw invalid(precision, 'precision');
  for (const [output, one] of Object.entries(precision)) checkSingle(one, `precision.${output}`);
  return precision;
}

/** The requested precision of an output. */
export function precisionOf(precision: CachePrecision, output: string): Precision {
  return isSingle(precision) ? precision : (precision[output] ?? 'float32');
}

/** Whether an output is kept with more of a loss than halves have. */
export function isCoarse(precision: CachePrecision, output: string): boolean {
  const of = precisionOf(precision, output);
  return of !== 'float32' && of !== 'float16';
}

/** "float16", "top8", or "float16 logits, top8 words": for keys and sentences. */
export function precisionName(precision: CachePrecision): string {
  if (typeof precision === 'string') return precision;
  if (isSingle(precision)) return `top${(precision as { topK: number }).topK}`;
  const outputs = Object.keys(precision).sort();
  return outputs.map((output) => `${precisionName(precisionOf(precision, output))} ${output}`).join(', ');
}

/** Throws    unknown-output: a record names an output that the teacher does not have */
export function checkNamedOutputs(precision: CachePrecision, known: readonly string[]): void {
  if (isSingle(precision)) return;
  const unknown = Object.keys(precision).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new LimbeckError(
    'unknown-output',
    `"precision" names the output "${unknown.join('", "')}", which the teacher does not give. ` +
      `It gives: ${known.join(', ') || 'none'}.`,
    { details: { unknown, known } },
  );
}

function isSingle(precision: CachePrecision): precision is Precision {
  return typeof precision === 'string' || typeof Object(precision).topK === 'number';
}

function checkSingle(precision: Precision, name: string): Precision {
  if (NAMES.includes(precision)) return precision;
  const { topK, ...others } = Object(precision) as { topK?: number };
  if (topK === undefined || Object.keys(others).length > 0) throw invalid(precision, name);
  checkCount(topK, `${name}.topK`);
  return precision;
}

function invalid(precision: unknown, name: string): LimbeckError {
  const given = typeof precision === 'object' ? JSON.stringify(precision) : String(precision);
  return new LimbeckError(
    'invalid-option',
    `"${name}" was ${given}; it must be float32, float16, int8 or { topK: 8 } with a number of yours, ` +
      'or a record of these by the name of the output.',
    { details: { name, value: given } },
  );
}
