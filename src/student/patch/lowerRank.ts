import { LimbeckError } from '../../core/errors.ts';
import type { LowRankChange } from './patch.ts';

/** A column of the left matrix and its row of the right one; the sum of their outer products is the change. */
interface Pair {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** Cosines below this count as orthogonal, and vectors shorter than this fraction of the longest as zero. */
const NOTHING = 1e-14;
/** Far more than needed: convergence is quadratic. */
const MOST_SWEEPS = 60;

/**
 * The nearest product of at most that rank, by the sum of squares: the largest singular values and their vectors. The
 * values are in the right matrix; the columns of the left one have length 1.
 * Source    one-sided Jacobi rotations, Hestenes 1958, "Inversion of matrices by biorthogonalization"; nearest product,
 *           Eckart and Young 1936
 */
export function lowerRank(change: LowRankChange, rank: number): LowRankChange {
  if (change.rank <= rank) return change;
  // Left vectors of equal length, so that none counts as zero only because its right one is long.
  const pairs = unitLefts(pairsOf(change), 0);
  turn(pairs, 'left');
  const scaled = unitLefts(pairs, NOTHING);
  turn(scaled, 'right');
  const sizes = new Map(scaled.map((pair) => [pair, dot(pair.right, pair.right)]));
  const kept = scaled.sort((a, b) => (sizes.get(b) as number) - (sizes.get(a) as number)).slice(0, rank);
  return matricesOf(change, kept, rank);
}

/** The same products with left vectors of length 1; those of at most this fraction of the longest are left out. */
function unitLefts(pairs: readonly Pair[], part: number): Pair[] {
  const lengths = pairs.map(({ left }) => Math.sqrt(dot(left, left)));
  const least = part * Math.max(...lengths);
  return pairs.flatMap(({ left, right }, q) => {
    const length = lengths[q] as number;
    if (length <= least) return [];
    return [{ left: left.map((value) => value / length), right: right.map((value) => value * length) }];
  });
}

/**
 * Rotates pairs until their vectors on one side are orthogonal. The same rotation of both sides keeps the sum of the
 * products, and the orthogonality of equally long vectors on the other side.
 */
function turn(pairs: Pair[], side: 'left' | 'right'): void {
  const least = (NOTHING * Math.max(...pairs.map((pair) => Math.sqrt(dot(pair[side], pair[side]))))) ** 2;
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let isDone = true;
    for (let i = 0; i < pairs.length; i++) {
      for (let j = i + 1; j < pairs.length; j++) {
        const [a, b] = [pairs[i] as Pair, pairs[j] as Pair];
        const [aa, bb, ab] = [dot(a[side], a[side]), dot(b[side], b[side]), dot(a[side], b[side])];
        if (Math.min(aa, bb) <= least || Math.abs(ab) <= NOTHING * Math.sqrt(aa * bb)) continue;
        isDone = false;
        const tau = (bb - aa) / (2 * ab);
        const tangent = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.hypot(1, tau));
        const cosine = 1 / Math.hypot(1, tangent);
        rotate(a.left, b.left, cosine, cosine * tangent);
        rotate(a.right, b.right, cosine, cosine * tangent);
      }
    }
    if (isDone) return;
  }
  throw new LimbeckError('internal', `The singular values of a change were not found in ${MOST_SWEEPS} sweeps.`);
}

function rotate(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (const [i, value] of a.entries()) {
    const other = b[i] as number;
    a[i] = cosine * value - sine * other;
    b[i] = sine * value + cosine * other;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

function pairsOf({ shape, rank, left, right }: LowRankChange): Pair[] {
  const columns = shape.at(-1) as number;
  const rows = left.length / rank;
  return Array.from({ length: rank }, (_, q) => ({
    left: Float64Array.from({ length: rows }, (_, row) => left[row * rank + q] as number),
    right: Float64Array.from(right.subarray(q * columns, (q + 1) * columns)),
  }));
}

/** If fewer pairs are left than the rank, the rest is zero. */
function matricesOf(change: LowRankChange, pairs: readonly Pair[], rank: number): LowRankChange {
  const rows = change.left.length / change.rank;
  const left = Float32Array.from(
    { length: rows * rank },
    (_, at) => pairs[at % rank]?.left[Math.floor(at / rank)] ?? 0,
  );
  const columns = change.shape.at(-1) as number;
  const right = new Float32Array(rank * columns);
  for (const [q, pair] of pairs.entries()) right.set(pair.right, q * columns);
  return { ...change, rank, left, right };
}
