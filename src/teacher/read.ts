import { LimbeckError, messageOf } from '../core/errors.ts';
import { checkCount } from '../core/options.ts';
import { firstNonFinite, formatShape, type NamedArrays, sizeOf, whyNoNumbers } from '../core/shape.ts';
import type { ReadStepsSettings } from './readStepsOptions.ts';

/** A reading of this package by name and options: plain values, from which the teacher's worker makes it again. */
export type ReadSpec =
  | { readonly name: 'sumOverTime'; readonly options: SumOverTimeOptions }
  | { readonly name: 'readSteps'; readonly options: ReadStepsSettings };

/**
 * Turns a model's raw outputs for a batch into what losses compare, such as { logits: [B, C] }. One with a
 * `spec` runs in the teacher's worker, so that only its result crosses to the page.
 */
export interface ReadOutputs {
  (outputs: NamedArrays): NamedArrays;
  readonly spec?: ReadSpec;
}

/** Which classes of a sequence model count, and where they are. */
export interface SumOverTimeOptions {
  /** Classes of the model to keep, in the student's order. */
  readonly classes: readonly number[];
  /** The raw output [B, T, C]; default: the only one, or the first. */
  readonly output?: string;
  /** Further outputs to return unchanged, such as taps. Default: none. */
  readonly keep?: readonly string[];
}

/** Keeps the logarithm of a probability of 0 finite. */
export const LEAST_PROBABILITY = 1e-7;

/**
 * Reads a sequence model as a classifier: log of the chosen classes' probabilities, summed over time.
 * Shapes    output [B, T, C] → logits [B, classes], and what is kept
 * Units     probabilities in, log-probabilities (up to a constant) out
 * Throws    invalid-option: no class · unknown-output · shape-mismatch: not [B, T, C] or too few classes
 *
 * @example
 * loadTeacher(url, { read: sumOverTime({ classes: digitIndices }) });
 */
export function sumOverTime(options: SumOverTimeOptions): ReadOutputs {
  const { classes, output, keep = [] } = options;
  checkCount(classes.length, 'number of classes');
  for (const index of classes) checkCount(index, 'classes', 0);
  const read = (outputs: NamedArrays): NamedArrays => {
    const name = output ?? Object.keys(outputs)[0] ?? '';
    const array = outputs[name];
    if (array === undefined) {
      throw new LimbeckError('unknown-output', `There is no output "${name}"; there is ${Object.keys(outputs)}.`);
    }
    const [batch = 0, time = 0, width = 0] = array.shape;
    if (array.shape.length !== 3 || Math.max(...classes) >= width) {
      throw new LimbeckError(
        'shape-mismatch',
        `sumOverTime reads [B, T, C] with C above ${Math.max(...classes)}; "${name}" is ${formatShape(array.shape)}.`,
      );
    }
    const logits = new Float32Array(batch * classes.length);
    for (let b = 0; b < batch; b++) {
      classes.forEach((index, i) => {
        let sum = 0;
        for (let t = 0; t < time; t++) sum += array.data[(b * time + t) * width + index] as number;
        logits[b * classes.length + i] = Math.log(Math.max(sum, LEAST_PROBABILITY));
      });
    }
    return { ...keptOf(outputs, keep), logits: { data: logits, shape: [batch, classes.length] } };
  };
  const spec: ReadSpec = {
    name: 'sumOverTime',
    options: { classes: [...classes], output, ...(keep.length > 0 && { keep: [...keep] }) },
  };
  return Object.assign(read, { spec });
}

/** The outputs of these names. Throws    unknown-output */
export function keptOf<T>(outputs: Readonly<Record<string, T>>, keep: readonly string[]): Record<string, T> {
  const missing = keep.find((name) => outputs[name] === undefined);
  if (missing === undefined) return Object.fromEntries(keep.map((name) => [name, outputs[name] as T]));
  throw new LimbeckError(
    'unknown-output',
    `"keep" names "${missing}"; the teacher gives ${Object.keys(outputs).join(', ')}. Name inner tensors in "taps".`,
    { details: { needed: missing, given: Object.keys(outputs) } },
  );
}

/**
 * Checks outputs that no `read` checks before losses compare them.
 * Throws    shape-mismatch: an output without one row for each example
 */
export function requireRows(outputs: NamedArrays, batch: number): void {
  for (const [name, { shape }] of Object.entries(outputs)) {
    if (shape[0] === batch) continue;
    throw new LimbeckError(
      'shape-mismatch',
      `The teacher's output "${name}" was ${formatShape(shape)} for a batch of ${batch}; what is learned from has one row ` +
        'an example, first of all lengths. Name the outputs that have it with "outputs", or bring it there with "read".',
      { details: { name, given: shape, examples: batch } },
    );
  }
}

/**
 * Calls `read` and checks its result.
 * Throws    read-failed: it threw, or returned no arrays of this batch or of a supported type · not-finite: NaN or infinite values
 */
export function readOutputs(read: ReadOutputs, outputs: NamedArrays, batch: number): NamedArrays {
  let result: NamedArrays;
  try {
    result = read(outputs);
  } catch (error) {
    if (error instanceof LimbeckError) throw error;
    throw new LimbeckError('read-failed', `The teacher's "read" threw: ${messageOf(error)}`, { cause: error });
  }
  for (const [name, array] of Object.entries(result ?? {})) {
    const isArray = ArrayBuffer.isView(array?.data) && array.data.length === sizeOf(array.shape ?? [0]);
    if (!isArray || array.shape[0] !== batch) {
      throw new LimbeckError(
        'read-failed',
        `The teacher's "read" gave "${name}" with the shape ${formatShape(array?.shape ?? [])} and ` +
          `${array?.data?.length ?? 0} values; it must give arrays { data, shape } whose values fill the shape and ` +
          `whose first dimension is the batch, ${batch} here.`,
      );
    }
    const why = whyNoNumbers(array.data);
    if (why !== undefined) {
      throw new LimbeckError('read-failed', `The teacher's "read" gave "${name}" with values ${why}`, {
        details: { name },
      });
    }
    const at = firstNonFinite(array.data);
    if (at >= 0) {
      throw new LimbeckError(
        'not-finite',
        `The teacher's output "${name}" holds ${array.data[at]} at value ${at} of ${formatShape(array.shape)}. ` +
          'Check its inputs (normalisation, NaN pixels) and the logarithms in "read".',
        { details: { name, at } },
      );
    }
  }
  if (Object.keys(result ?? {}).length === 0) {
    throw new LimbeckError('read-failed', 'The teacher\'s "read" gave no output; return such as { logits }.');
  }
  return result;
}
