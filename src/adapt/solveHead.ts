import type { NdArray } from '../core/shape.ts';
import { takeTurns } from '../core/turns.ts';

/** A linear classifier that is to be changed, and what it should say. */
export interface HeadProblem {
  /** [N, F] */
  readonly features: NdArray;
  /** What it says so far: [N, C]. */
  readonly logits: NdArray;
  /** What it should say: a distribution for each example, [N, C] in row-major order. */
  readonly targets: Float64Array;
  /** How much each example counts: [N]. */
  readonly weights: Float64Array;
  /** λ of λ/2 ‖ΔW‖² beside the sum of the cross-entropies, for features of a root mean square length of 1. */
  readonly l2: number;
  readonly hasBias: boolean;
}

export interface SolveOptions {
  /** At most so many. */
  readonly iterations: number;
  /** Asked after each iteration; true ends it there. */
  readonly isOver?: () => boolean;
  readonly signal: AbortSignal;
}

/** What is added to a classifier's kernel [F, C] and bias [C], which is empty where it has none. */
export interface HeadChange {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** How many steps back the curvature is remembered. */
const MEMORY = 10;
/** The minimum is reached where the gradient is this part of what it was at the start. */
const NEAR = 1e-3;
/** A direction is searched until its slope is this part of what it was, or so often. */
const FLAT = 0.1;
const SEARCHES = 8;
/** Rows of a product between two looks at the clock. */
const ROWS = 32;

/**
 * The change of a linear classifier with the least weighted cross-entropy and λ/2 of its own square: multinomial logistic
 * regression that is drawn to where it started, by L-BFGS. The problem is convex: there is one answer, and no rate to
 * tune. Logits are linear in the change, so that the search along a direction takes no product of matrices.
 * Shapes    features [N, F], logits [N, C] → kernel [F, C], bias [C]
 * Throws    AbortError
 * Source    Nocedal and Wright 2006, Numerical Optimization, algorithms 7.4 and 7.5; Bishop 2006, Pattern Recognition and
 *           Machine Learning, §4.3.4; drawn to the start: Li et al. 2018, arXiv:1802.01483 (L2-SP)
 */
export async function solveHead(problem: HeadProblem, options: SolveOptions): Promise<HeadChange> {
  const { l2 } = problem;
  const turn = takeTurns(options.signal);
  const { rows, size, width, columns, classes, length } = rowsOf(problem);
  const change = new Float64Array(columns * classes);
  const moves = new Float64Array(size * classes);
  const errors = new Float64Array(size * classes);
  const logits = Float64Array.from(problem.logits.data);
  slopesAt(0);
  let gradient = await gradientNow();
  const enough = NEAR * Math.sqrt(dot(gradient, gradient));
  const history: Step[] = [];
  for (let i = 0; i < options.iterations && Math.sqrt(dot(gradient, gradient)) > enough; i++) {
    const direction = directionOf(gradient, history);
    await putProduct(direction);
    const reach = searched(direction);
    if (reach === 0) break;
    addScaled(change, reach, direction);
    addScaled(logits, reach, moves);
    const before = gradient;
    gradient = await gradientNow();
    remember(
      history,
      direction.map((value) => reach * value),
      gradient.map((value, at) => value - (before[at] as number)),
    );
    if (options.isOver?.()) break;
  }
  const kernel = Float32Array.from(change.subarray(0, width * classes), (value) => value / length);
  return { kernel, bias: Float32Array.from(change.subarray(width * classes)) };

  /** Xᵀ E + λ Δ, with the errors E that the last look along a direction left. */
  async function gradientNow(): Promise<Float64Array> {
    const sum = change.map((value) => l2 * value);
    for (let i = 0; i < size; i++) {
      if (i % ROWS === 0) await turn();
      const [at, to] = [i * columns, i * classes];
      for (let f = 0; f < columns; f++) {
        const x = rows[at + f] as number;
        if (x === 0) continue;
        const from = f * classes;
        for (let c = 0; c < classes; c++) (sum[from + c] as number) += x * (errors[to + c] as number);
      }
    }
    return sum;
  }

  /** X D into `moves`. */
  async function putProduct(direction: Float64Array): Promise<void> {
    moves.fill(0);
    for (let i = 0; i < size; i++) {
      if (i % ROWS === 0) await turn();
      const [at, to] = [i * columns, i * classes];
      for (let f = 0; f < columns; f++) {
        const x = rows[at + f] as number;
        if (x === 0) continue;
        const from = f * classes;
        for (let c = 0; c < classes; c++) (moves[to + c] as number) += x * (direction[from + c] as number);
      }
    }
  }

  /** How far along a direction the least is, by Newton's method between what is known to be too near and too far. */
  function searched(direction: Float64Array): number {
    const [along, square] = [l2 * dot(change, direction), l2 * dot(direction, direction)];
    const first = slopesAt(0).slope + along;
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
    let [slope, bend] = [0, 0];
    for (let i = 0; i < size; i++) {
      const [at, weight] = [i * classes, weights[i] as number];
      let top = Number.NEGATIVE_INFINITY;
      for (let c = at; c < at + classes; c++) {
        const logit = (logits[c] as number) + reach * (moves[c] as number);
        errors[c] = logit;
        if (logit > top) top = logit;
      }
      let total = 0;
      for (let c = at; c < at + classes; c++) {
        const share = Math.exp((errors[c] as number) - top);
        errors[c] = share;
        total += share;
      }
      let [mean, square] = [0, 0];
      for (let c = at; c < at + classes; c++) {
        const [probability, move] = [(errors[c] as number) / total, moves[c] as number];
        const error = probability - (targets[c] as number);
        mean += probability * move;
        square += probability * move * move;
        slope += weight * error * move;
        errors[c] = weight * error;
      }
      bend += weight * (square - mean * mean);
    }
    return { slope, bend };
  }
}

/** The features in rows of a root mean square length of 1, with a one at the end for the bias. */
function rowsOf({ features, logits, hasBias }: HeadProblem) {
  const [size = 0, width = 0] = features.shape;
  const columns = width + (hasBias ? 1 : 0);
  let squares = 0;
  for (let i = 0; i < features.data.length; i++) squares += (features.data[i] as number) ** 2;
  const length = Math.sqrt(squares / size) || 1;
  const rows = new Float64Array(size * columns).fill(1);
  for (let i = 0; i < features.data.length; i++) {
    rows[Math.floor(i / width) * columns + (i % width)] = (features.data[i] as number) / length;
  }
  return { rows, size, width, columns, classes: logits.shape[1] as number, length };
}

/** A step that was taken, and by what it changed the gradient. */
interface Step {
  readonly moved: Float64Array;
  readonly turned: Float64Array;
  readonly inverse: number;
}

function remember(history: Step[], moved: Float64Array, turned: Float64Array): void {
  const along = dot(moved, turned);
  if (!(along > 0)) return;
  history.push({ moved, turned, inverse: 1 / along });
  if (history.length > MEMORY) history.shift();
}

/** −H g, with the curvature that the last steps showed. */
function directionOf(gradient: Float64Array, history: readonly Step[]): Float64Array {
  const direction = gradient.map((value) => -value);
  const shares = history.toReversed().map(({ moved, turned, inverse }) => {
    const share = inverse * dot(moved, direction);
    addScaled(direction, -share, turned);
    return share;
  });
  const last = history.at(-1);
  const scale =
    last === undefined ? 1 / Math.sqrt(dot(gradient, gradient)) : 1 / (last.inverse * dot(last.turned, last.turned));
  for (let at = 0; at < direction.length; at++) (direction[at] as number) *= scale;
  for (const [at, { moved, turned, inverse }] of history.entries()) {
    const share = shares[history.length - 1 - at] as number;
    addScaled(direction, share - inverse * dot(turned, direction), moved);
  }
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function addScaled(to: Float64Array, scale: number, values: Float64Array): void {
  for (let i = 0; i < to.length; i++) (to[i] as number) += scale * (values[i] as number);
}
