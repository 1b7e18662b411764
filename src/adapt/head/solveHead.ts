import type { NdArray } from '../../core/shape.ts';
import { takeTurns } from '../../core/turns.ts';
import { addScaled, difference, directionOf, dot, remember, type Step, scaled } from './lbfgs.ts';
import { addRows, type SparseRows, sparseRows } from './sparseRows.ts';

/** A linear classifier to change, and what it should answer. */
export interface HeadProblem {
  /** [N, F] */
  readonly features: NdArray;
  /** Its answers so far: [N, C]. */
  readonly logits: NdArray;
  /** The answers it should give: a distribution for each example, [N, C] in row-major order. */
  readonly targets: Float64Array;
  /** How much each example counts: [N]. */
  readonly weights: Float64Array;
  /** λ of λ/2 ‖ΔW‖², which is added to the sum of the cross-entropies, for features of a root mean square length of 1. */
  readonly l2: number;
  readonly hasBias: boolean;
}

export interface SolveOptions {
  /** At most so many. */
  readonly iterations: number;
  /** It ends where the gradient is this fraction of what it was at the start. Default 0.001. */
  readonly near?: number;
  /** Asked after each iteration; true ends it there. */
  readonly isOver?: () => boolean;
  readonly signal: AbortSignal;
}

/** What is added to a classifier's kernel [F, C] and bias [C], which is empty where it has none. */
export interface HeadChange {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

const DEFAULT_NEAR = 1e-3;
/** A direction is searched until its slope is this fraction of what it was, or so many times. */
const FLAT = 0.1;
const SEARCHES = 8;
/** Rows of a product between two looks at the clock. */
const ROWS = 64;

/**
 * The change of a linear classifier that minimizes the weighted cross-entropy plus λ/2 of its own square: multinomial
 * logistic regression, pulled to its start, by L-BFGS. The problem is convex: there is one answer, and no rate to tune.
 * Logits are linear in the change, so that the search along a direction takes no product of matrices.
 * Shapes    features [N, F], logits [N, C] → kernel [F, C], bias [C]
 * Throws    AbortError
 * Source    Nocedal and Wright 2006, Numerical Optimization, algorithms 7.4 and 7.5; Bishop 2006, Pattern Recognition and
 *           Machine Learning, §4.3.4; drawn to the start: Li et al. 2018, arXiv:1802.01483 (L2-SP)
 */
export async function solveHead(problem: HeadProblem, options: SolveOptions): Promise<HeadChange> {
  const { l2 } = problem;
  const turn = takeTurns(options.signal);
  const { rows, columns, width, length } = matricesOf(problem);
  const [size = 0, classes = 0] = problem.logits.shape;
  const change = new Float64Array((columns.starts.length - 1) * classes);
  const moves = new Float64Array(size * classes);
  const errors = new Float64Array(size * classes);
  const logits = Float64Array.from(problem.logits.data);
  slopesAt(0);
  let gradient = await gradientNow();
  const enough = (options.near ?? DEFAULT_NEAR) * Math.sqrt(dot(gradient, gradient));
  const history: Step[] = [];
  for (let i = 0; i < options.iterations && Math.sqrt(dot(gradient, gradient)) > enough; i++) {
    const direction = directionOf(gradient, history);
    moves.fill(0);
    await addProduct(rows, direction, moves);
    const reach = searched(direction);
    if (reach === 0) break;
    addScaled(change, reach, direction);
    addScaled(logits, reach, moves);
    const before = gradient;
    gradient = await gradientNow();
    remember(history, scaled(direction, reach), difference(gradient, before));
    if (options.isOver?.()) break;
  }
  const kernel = Float32Array.from(change.subarray(0, width * classes), (value) => value / length);
  return { kernel, bias: Float32Array.from(change.subarray(width * classes)) };

  /** Xᵀ E + λ Δ, with the errors E that the last look along a direction left. */
  async function gradientNow(): Promise<Float64Array> {
    const sum = scaled(change, l2);
    await addProduct(columns, errors, sum);
    return sum;
  }

  async function addProduct(matrix: SparseRows, dense: Float64Array, to: Float64Array): Promise<void> {
    const count = matrix.starts.length - 1;
    for (let from = 0; from < count; from += ROWS) {
      await turn();
      addRows(matrix, dense, classes, to, from, Math.min(count, from + ROWS));
    }
  }

  /** Where the minimum along a direction is, by Newton's method between bounds. */
  function searched(direction: Float64Array): number {
    const [along, square] = [l2 * dot(change, direction), l2 * dot(direction, direction)];
    const first = dot(gradient, direction);
    if (!(first < 0)) return 0;
    let [near, far, reach] = [0, Number.POSITIVE_INFINITY, 1];
    for (let i = 0; i < SEARCHES; i++) {
      const { slope, bend } = slopesAt(reach);
      const [all, curve] = [slope + along + reach * square, bend + square];
      if (Math.abs(all) <= FLAT * -first) return reach;
      if (all < 0) near = reach;
      else far = reach;
      const next = reach - all / curve;
      reach = next > near && next < far ? next : far === Number.POSITIVE_INFINITY ? 2 * reach : (near + far) / 2;
    }
    slopesAt(near);
    return near;
  }

  /** First and second derivative of the cross-entropies along `moves`, at that reach; leaves the errors there. */
  function slopesAt(reach: number): { slope: number; bend: number } {
    const { targets, weights } = problem;
    let slope = 0;
    let bend = 0;
    for (let i = 0, at = 0; i < size; i++, at += classes) {
      const end = at + classes;
      let top = Number.NEGATIVE_INFINITY;
      for (let c = at; c < end; c++) {
        const logit = (logits[c] as number) + reach * (moves[c] as number);
        errors[c] = logit;
        if (logit > top) top = logit;
      }
      let total = 0;
      let mean = 0;
      let square = 0;
      let wanted = 0;
      for (let c = at; c < end; c++) {
        const share = Math.exp((errors[c] as number) - top);
        const move = moves[c] as number;
        const part = share * move;
        errors[c] = share;
        total += share;
        mean += part;
        square += part * move;
        wanted += (targets[c] as number) * move;
      }
      const weight = weights[i] as number;
      mean /= total;
      slope += weight * (mean - wanted);
      bend += weight * (square / total - mean * mean);
      const scale = weight / total;
      for (let c = at; c < end; c++) errors[c] = scale * (errors[c] as number) - weight * (targets[c] as number);
    }
    return { slope, bend };
  }
}

/** The features in rows of a root mean square length of 1, with a one at the end for the bias; and their transpose. */
function matricesOf({ features, hasBias }: HeadProblem) {
  const [size = 0, width = 0] = features.shape;
  let squares = 0;
  for (let i = 0; i < features.data.length; i++) squares += (features.data[i] as number) ** 2;
  const length = Math.sqrt(squares / size) || 1;
  const all = width + (hasBias ? 1 : 0);
  const valueAt = (i: number, f: number) => (f < width ? (features.data[i * width + f] as number) / length : 1);
  return {
    rows: sparseRows(size, all, valueAt),
    columns: sparseRows(all, size, (f, i) => valueAt(i, f)),
    ...{ width, length },
  };
}
