import { LimbeckError } from '../core/errors.ts';
import { unitRows } from '../core/rows.ts';
import { count, given, type OptionsOf, oneOf, schema } from '../core/schema.ts';
import { firstNonFinite, formatShape, type NdArray, sizeOf } from '../core/shape.ts';
import { takeTurns } from '../core/turns.ts';

const OPTIONS = schema('nearestNeighbours', {
  /** Neighbours of each example; fewer than there are examples. Default 10. */
  k: count()(10),
  /** 'cosine' is 1 − cos of the angle, whatever the length of the vectors. Default 'euclidean'. */
  metric: oneOf('euclidean', 'cosine')('euclidean'),
  /** Cancels it: the promise rejects with an AbortError. */
  signal: given<AbortSignal>(),
});

/** How the nearest examples are found. */
export interface NearestNeighboursOptions extends OptionsOf<typeof OPTIONS> {}

/** The k nearest neighbours of each of N examples, the nearest first; no example is its own neighbour. */
export interface NeighbourGraph {
  readonly size: number;
  readonly k: number;
  /** [N, k] indices of examples. */
  readonly neighbours: Int32Array;
  /** [N, k], in the metric's own units. */
  readonly distances: Float32Array;
}

/** Examples that are compared with all others at a time. */
const BLOCK = 4;

/**
 * A k-nearest-neighbour graph over local examples. Each is compared with every other, so the result is exact; the page
 * gets its turns meanwhile. Of equally near examples the one with the lower index comes first.
 * Shapes    features [N, ...] → neighbours [N, k]
 * Units     N² · F multiplications: about 0.6 s for 3,000 examples of 200 numbers
 * Throws    invalid-option: k is not from 1 to N − 1, unknown metric · not-finite · empty-dataset · AbortError
 * Source    Cover and Hart 1967, doi:10.1109/TIT.1967.1053964
 *
 * @example
 * const graph = await nearestNeighbours({ data: pixels, shape: [2000, 784] }, { k: 8, metric: 'cosine' });
 */
export async function nearestNeighbours(
  features: NdArray,
  options: NearestNeighboursOptions = {},
): Promise<NeighbourGraph> {
  const { k, metric, signal } = OPTIONS.read(options);
  const size = features.shape[0] ?? 0;
  checkFeatures(features, k);
  const isCosine = metric === 'cosine';
  const rows = isCosine ? unitRows(features) : Float64Array.from(features.data);
  const length = sizeOf(features.shape.slice(1));
  // Half the squares: the nearest by |a − b|² is the one with the least |b|² / 2 − a·b, for vectors of any length.
  const halves = Float64Array.from({ length: size }, (_, i) => dot(rows, i, i, length) / 2);
  const neighbours = new Int32Array(size * k);
  const distances = new Float32Array(size * k);
  const turn = takeTurns(signal);
  const products = new Float64Array(BLOCK * size);
  for (let from = 0; from < size; from += BLOCK) {
    await turn();
    multiply(rows, from, size, length, products);
    for (let i = from; i < Math.min(size, from + BLOCK); i++) {
      const own = products.subarray((i - from) * size, (i - from + 1) * size);
      for (let j = 0; j < size; j++) own[j] = (halves[j] as number) - (own[j] as number);
      own[i] = Number.POSITIVE_INFINITY;
      const nearest = leastOf(own, k);
      for (let n = 0; n < k; n++) {
        const j = nearest[n] as number;
        neighbours[i * k + n] = j;
        // |a|² / 2 + |b|² / 2 − a·b is half the square of the distance, and 1 − cos for vectors of length 1.
        const half = Math.max(0, (halves[i] as number) + (own[j] as number));
        distances[i * k + n] = isCosine ? half : Math.sqrt(2 * half);
      }
    }
  }
  return { size, k, neighbours, distances };
}

function checkFeatures({ data, shape }: NdArray, k: number): void {
  const size = shape[0] ?? 0;
  if (size === 0) throw new LimbeckError('empty-dataset', 'nearestNeighbours was given no example; give at least two.');
  if (data.length !== sizeOf(shape)) {
    throw new LimbeckError(
      'shape-mismatch',
      `nearestNeighbours was given ${data.length} numbers for the shape ${formatShape(shape)}. Make arrays with ndArray(…).`,
    );
  }
  if (k >= size) {
    throw new LimbeckError(
      'invalid-option',
      `"k" was ${k}, and there are ${size} examples: each has ${size - 1} others. Give a smaller k or more examples.`,
      { details: { k, size } },
    );
  }
  const at = firstNonFinite(data);
  if (at < 0) return;
  const example = Math.floor((at * size) / data.length);
  throw new LimbeckError('not-finite', `The features of example ${example} hold ${data[at]}. Clean them first.`, {
    details: { example },
  });
}

function dot(rows: Float64Array, i: number, j: number, length: number): number {
  let sum = 0;
  for (let f = 0; f < length; f++) sum += (rows[i * length + f] as number) * (rows[j * length + f] as number);
  return sum;
}

/** The products of `BLOCK` rows with all rows: four at a time, so that each number of the others is read once for four. */
function multiply(rows: Float64Array, from: number, size: number, length: number, products: Float64Array): void {
  const last = size - 1;
  const [a, b, c, d] = [0, 1, 2, 3].map((n) => Math.min(last, from + n) * length) as [number, number, number, number];
  for (let j = 0; j < size; j++) {
    let ofA = 0;
    let ofB = 0;
    let ofC = 0;
    let ofD = 0;
    for (let f = 0, at = j * length; f < length; f++, at++) {
      const value = rows[at] as number;
      ofA += value * (rows[a + f] as number);
      ofB += value * (rows[b + f] as number);
      ofC += value * (rows[c + f] as number);
      ofD += value * (rows[d + f] as number);
    }
    products[j] = ofA;
    products[size + j] = ofB;
    products[2 * size + j] = ofC;
    products[3 * size + j] = ofD;
  }
}

/** The places of the k least values, the least first: one pass, in which few values are less than the k-th so far. */
function leastOf(values: Float64Array, k: number): Int32Array {
  const places = new Int32Array(k);
  const kept = new Float64Array(k).fill(Number.POSITIVE_INFINITY);
  let count = 0;
  for (let j = 0; j < values.length; j++) {
    const value = values[j] as number;
    if (count === k && value >= (kept[k - 1] as number)) continue;
    if (value === Number.POSITIVE_INFINITY) continue;
    let at = count < k ? count++ : k - 1;
    for (; at > 0 && (kept[at - 1] as number) > value; at--) {
      kept[at] = kept[at - 1] as number;
      places[at] = places[at - 1] as number;
    }
    kept[at] = value;
    places[at] = j;
  }
  return places;
}
