import { LimbeckError } from '../../core/errors.ts';
import { invalidOption } from '../../core/options.ts';

/** How numbers become words of 32 bits that can be added without loss. */
export interface FixedPoint {
  /** The largest magnitude that a number may have. */
  readonly range: number;
  /** The most clients whose numbers are added. */
  readonly clients: number;
}

/** What a client's update becomes before it is masked. */
export interface WeightedInput extends FixedPoint {
  readonly values: Float32Array;
  /** How much the client counts, above 0 and at most `mostWeight`. */
  readonly weight: number;
  readonly mostWeight: number;
}

/**
 * Steps in a unit: a power of two, as large as allows that the sum of all clients, each rounded, stays below 2³¹ in magnitude.
 * Throws    invalid-option: no numbers above 0, or so large that no step is left
 */
export function stepsPerUnit({ range, clients }: FixedPoint): number {
  if (!(range > 0 && Number.isFinite(range))) throw invalidOption('range', range, 'a number above 0');
  if (!(Number.isInteger(clients) && clients > 0 && clients < 2 ** 24)) {
    throw invalidOption('clients', clients, 'a whole number from 1 to 16,777,215');
  }
  const most = 2 ** 31 / clients - 1;
  return 2 ** Math.floor(Math.log2(most / range) - 1e-9);
}

/**
 * Numbers as words modulo 2³², each rounded to the nearest step. Sums of such words, modulo 2³², are the words of the sums.
 * Throws    not-finite: a number is NaN or infinite · invalid-option: a number is beyond `range`
 */
export function toFixedPoint(values: ArrayLike<number>, point: FixedPoint): Uint32Array<ArrayBuffer> {
  const steps = stepsPerUnit(point);
  const words = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) throw new LimbeckError('not-finite', `Value ${i} of the update is ${value}.`);
    if (Math.abs(value) > point.range) {
      throw invalidOption(
        'range',
        point.range,
        `at least ${Math.abs(value)}, the magnitude of value ${i}; clip the update`,
      );
    }
    words[i] = Math.round(value * steps);
  }
  return words;
}

/** The numbers of a sum of words. */
export function fromFixedPoint(words: Uint32Array, point: FixedPoint): Float64Array<ArrayBuffer> {
  const steps = stepsPerUnit(point);
  return Float64Array.from(words, (word) => (word | 0) / steps);
}

/** Adds words modulo 2³² to those of `sum`, or takes them away. */
export function addWords(sum: Uint32Array, words: Uint32Array, sign: 1 | -1 = 1): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + sign * (words[i] as number);
}

/**
 * The values times the client's share of `mostWeight`, and that share behind them: the sum over clients holds both what the mean
 * divides and what it is divided by.
 * Throws    invalid-option: the weight, or a value beyond `range` · not-finite
 */
export function weightedWords({ values, weight, mostWeight, ...point }: WeightedInput): Uint32Array<ArrayBuffer> {
  if (!(weight > 0 && weight <= mostWeight)) throw invalidOption('weight', weight, `above 0 and at most ${mostWeight}`);
  const share = weight / mostWeight;
  const words = new Uint32Array(values.length + 1);
  words.set(
    toFixedPoint(
      Float64Array.from(values, (value) => value * share),
      point,
    ),
  );
  // The share is at most 1, in steps that leave room for all clients.
  words[values.length] = Math.max(1, Math.round(share * stepsPerUnit({ range: 1, clients: point.clients })));
  return words;
}

/** The weighted mean, from the sum of the clients' `weightedWords`. */
export function weightedMeanOf(sum: Uint32Array, point: FixedPoint): Float32Array<ArrayBuffer> {
  const total = (sum[sum.length - 1] as number) / stepsPerUnit({ range: 1, clients: point.clients });
  return Float32Array.from(fromFixedPoint(sum.subarray(0, -1), point), (value) => value / total);
}
