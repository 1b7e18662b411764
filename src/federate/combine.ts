import { invalidOption } from '../core/options.ts';
import { isTagged } from '../core/tags.ts';

/** What one client has learned in a round, as numbers: mostly the change of its weights, one after the other. */
export interface ClientUpdate {
  /** Who sent it. */
  readonly client: string;
  /** How much it counts in a mean: mostly the client's number of examples. Above 0. */
  readonly weight: number;
  readonly values: Float32Array;
}

/**
 * `malformed`: no array of floats · `wrong-length`: not as long as the round says · `not-finite`: NaN or infinite values ·
 * `too-large`: longer, as a vector, than the round allows · `bad-weight`: not a number above 0, or above what the round
 * allows · `duplicate`: another update of the same client came before it · `far-from-others`: multi-Krum did not select it
 */
export type RejectionReason =
  | 'malformed'
  | 'wrong-length'
  | 'not-finite'
  | 'too-large'
  | 'bad-weight'
  | 'duplicate'
  | 'far-from-others';

/** An update that did not count, and who sent it. */
export interface Rejection {
  readonly client: string;
  readonly reason: RejectionReason;
}

export interface Combined {
  /** The combined update; zeros if no update was left. */
  readonly values: Float32Array<ArrayBuffer>;
  readonly rejected: readonly Rejection[];
}

/** What an update must be like to count. */
export interface UpdateLimits {
  /** How many numbers an update has. */
  readonly length: number;
  /** The largest Euclidean norm of an update. Default: any. */
  readonly mostNorm?: number;
  /** The largest weight that a client may claim. Default: any. */
  readonly mostWeight?: number;
}

/** Makes one update of many. The order in which updates arrive changes no bit of the result. */
export type Combine<Options extends UpdateLimits = UpdateLimits> = (
  updates: readonly ClientUpdate[],
  options: Options,
) => Combined;

/** The updates that may count, ordered by client, and those that may not. */
export interface Sorted {
  readonly accepted: readonly ClientUpdate[];
  readonly rejected: readonly Rejection[];
}

/**
 * Separates updates that may count from malformed, oversized and repeated ones.
 * Throws    invalid-option: `length`, `mostNorm` or `mostWeight` is no number above 0
 */
export function sortOut(updates: readonly ClientUpdate[], limits: UpdateLimits): Sorted {
  const { length, mostNorm = Number.POSITIVE_INFINITY, mostWeight = Number.MAX_VALUE } = limits;
  if (!Number.isInteger(length) || length < 1) throw invalidOption('length', length, 'a whole number of at least 1');
  if (!(mostNorm > 0)) throw invalidOption('mostNorm', mostNorm, 'a number above 0');
  if (!(mostWeight > 0)) throw invalidOption('mostWeight', mostWeight, 'a number above 0');
  const accepted = new Map<string, ClientUpdate>();
  const rejected: Rejection[] = [];
  for (const update of updates) {
    const reason = accepted.has(update.client) ? 'duplicate' : faultOf(update, length, mostNorm, mostWeight);
    if (reason === undefined) accepted.set(update.client, update);
    else rejected.push({ client: update.client, reason });
  }
  return { accepted: [...accepted.values()].sort((a, b) => (a.client < b.client ? -1 : 1)), rejected };
}

function faultOf(
  { weight, values }: ClientUpdate,
  length: number,
  mostNorm: number,
  mostWeight: number,
): RejectionReason | undefined {
  if (!isTagged(values, 'Float32Array')) return 'malformed';
  if (values.length !== length) return 'wrong-length';
  if (!(typeof weight === 'number' && weight > 0 && weight <= mostWeight)) return 'bad-weight';
  const norm = normOf(values);
  if (!Number.isFinite(norm)) return 'not-finite';
  return norm > mostNorm ? 'too-large' : undefined;
}

/** Euclidean norm; NaN or infinite if a value is. No sum of squares of floats overflows a double. */
export function normOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) ** 2;
  return Math.sqrt(sum);
}

/** Weighted mean of updates of one length, summed in doubles and in their order; zeros for none. */
export function meanOf(updates: readonly ClientUpdate[], length: number): Float32Array<ArrayBuffer> {
  const sums = new Float64Array(length);
  let total = 0;
  for (const { weight, values } of updates) {
    total += weight;
    for (let i = 0; i < length; i++) sums[i] = (sums[i] as number) + weight * (values[i] as number);
  }
  return total === 0 ? new Float32Array(length) : Float32Array.from(sums, (sum) => sum / total);
}
