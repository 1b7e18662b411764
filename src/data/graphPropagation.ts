import { LimbeckError } from '../core/errors.ts';
import { count, fraction, given, type OptionsOf, oneOf, positive, schema } from '../core/schema.ts';
import type { NdArray } from '../core/shape.ts';
import { takeTurns } from '../core/turns.ts';
import type { NeighbourGraph } from './graph.ts';

const OPTIONS = schema('labelPropagation', {
  /** Number of classes. Default: one more than the highest label. */
  classes: count()(),
  /**
   * 'spreading' (Zhou): labels may give way a little, which bears a wrong one. 'clamped' (Zhu): labelled examples keep
   * their labels. Default 'spreading'.
   */
  method: oneOf('spreading', 'clamped')('spreading'),
  /** 'spreading' only: the part of an answer that neighbours give, from 0 to below 1. Default 0.99 (Zhou). */
  alpha: fraction(0.99),
  /** The distance at which a tie is weak, above 0: exp(−d² / 2σ²). Default: the mean distance to the farthest of the k neighbours. */
  sigma: positive(),
  /** The most rounds. Default 1000. */
  rounds: count()(1000),
  /** It ends when no probability moves by more. Default 1e-6. */
  tolerance: positive(1e-6),
  /** Cancels it: the promise rejects with an AbortError. */
  signal: given<AbortSignal>(),
});

/** How labels travel from neighbour to neighbour. */
export interface LabelPropagationOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A few labels, spread along the ties of a graph: what a class's examples have in common reaches those without a label.
 * A graph teacher that needs nothing but local data. An example that no label reaches gets the same probability for all.
 * Shapes    graph of N, labels [N], −1 where there is none → probabilities [N, C]
 * Units     probabilities
 * Throws    invalid-option · labels-missing: no label at all · class-mismatch · shape-mismatch · AbortError
 * Source    Zhou et al. 2004, "Learning with Local and Global Consistency", NeurIPS 16: F ← α D^−½ W D^−½ F + (1 − α) Y ·
 *           Zhu, Ghahramani, Lafferty 2003, ICML, "Semi-Supervised Learning Using Gaussian Fields and Harmonic
 *           Functions": F ← D^−1 W F, labels kept. W is the graph made symmetric by its stronger tie.
 *
 * @example
 * const graph = await nearestNeighbours({ data: pixels, shape: [2000, 784] });
 * const probs = await labelPropagation(graph, labels);
 */
export async function labelPropagation(
  graph: NeighbourGraph,
  labels: ArrayLike<number>,
  options: LabelPropagationOptions = {},
): Promise<NdArray> {
  const { method, alpha, sigma, rounds, tolerance, signal, ...read } = OPTIONS.read(options);
  if (alpha === 1)
    throw new LimbeckError('invalid-option', '"alpha" was 1, which gives labels no weight; it must be below 1.');
  const classes = classesOf(graph, labels, read.classes);
  const isClamped = method === 'clamped';
  const ties = normalized(tiesOf(graph, sigma), isClamped);
  const told = new Float64Array(graph.size * classes);
  for (let i = 0; i < graph.size; i++) if ((labels[i] as number) >= 0) told[i * classes + (labels[i] as number)] = 1;
  const turn = takeTurns(signal);
  let now = told.slice();
  let next = new Float64Array(now.length);
  for (let round = 0; round < rounds; round++) {
    await turn();
    next.fill(0);
    for (let i = 0; i < graph.size; i++) {
      for (let t = ties.starts[i] as number; t < (ties.starts[i + 1] as number); t++) {
        const from = (ties.to[t] as number) * classes;
        const weight = ties.weights[t] as number;
        for (let c = 0; c < classes; c++)
          next[i * classes + c] = (next[i * classes + c] as number) + weight * (now[from + c] as number);
      }
    }
    let moved = 0;
    for (let at = 0; at < next.length; at++) {
      const isKept = isClamped && (labels[Math.floor(at / classes)] as number) >= 0;
      const value = isKept
        ? told[at]
        : isClamped
          ? next[at]
          : alpha * (next[at] as number) + (1 - alpha) * (told[at] as number);
      moved = Math.max(moved, Math.abs((value as number) - (now[at] as number)));
      next[at] = value as number;
    }
    [now, next] = [next, now];
    if (moved <= tolerance) break;
  }
  return { data: rowsAsProbs(now, classes), shape: [graph.size, classes] };
}

/** How many classes there are. Throws    shape-mismatch · labels-missing · class-mismatch */
function classesOf(graph: NeighbourGraph, labels: ArrayLike<number>, asked: number | undefined): number {
  if (labels.length !== graph.size) {
    throw new LimbeckError(
      'shape-mismatch',
      `The graph has ${graph.size} examples and there are ${labels.length} labels. Give −1 for none.`,
    );
  }
  const most = Array.from(labels).reduce((highest, label) => Math.max(highest, label), -1);
  if (most < 0) throw new LimbeckError('labels-missing', 'labelPropagation needs one label at least; all are −1.');
  const classes = asked ?? most + 1;
  const wrong = Array.from(labels).find((label) => !Number.isInteger(label) || label < -1 || label >= classes);
  if (wrong === undefined) return classes;
  throw new LimbeckError(
    'class-mismatch',
    `The label ${wrong} is none of the ${classes} classes (0…${classes - 1}, or −1 for none).`,
    {
      details: { label: wrong, classes },
    },
  );
}

/** Row by row: those of example i are `starts[i]` to `starts[i + 1]`. */
interface Ties {
  readonly starts: Int32Array;
  readonly to: Int32Array;
  readonly weights: Float64Array;
}

/** exp(−d² / 2σ²) for each pair of which one is a neighbour of the other. */
function tiesOf({ size, k, neighbours, distances }: NeighbourGraph, given: number | undefined): Ties {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += distances[i * k + k - 1] as number;
  // Where all examples are the same, every tie is as strong.
  const sigma = given ?? (sum > 0 ? sum / size : 1);
  const rows = Array.from({ length: size }, () => new Map<number, number>());
  for (let at = 0; at < neighbours.length; at++) {
    const [i, j] = [Math.floor(at / k), neighbours[at] as number];
    const weight = Math.exp(-((distances[at] as number) ** 2) / (2 * sigma ** 2));
    rows[i]?.set(j, weight);
    rows[j]?.set(i, weight);
  }
  const starts = new Int32Array(size + 1);
  rows.forEach((row, i) => {
    starts[i + 1] = (starts[i] as number) + row.size;
  });
  const to = Int32Array.from(rows.flatMap((row) => [...row.keys()]));
  const weights = Float64Array.from(rows.flatMap((row) => [...row.values()]));
  return { starts, to, weights };
}

/** W by the sums of its rows: D^−1 W, or D^−½ W D^−½. */
function normalized({ starts, to, weights }: Ties, byRow: boolean): Ties {
  const size = starts.length - 1;
  const degrees = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    for (let t = starts[i] as number; t < (starts[i + 1] as number); t++)
      degrees[i] = (degrees[i] as number) + (weights[t] as number);
  }
  const scaled = new Float64Array(weights.length);
  for (let i = 0; i < size; i++) {
    for (let t = starts[i] as number; t < (starts[i + 1] as number); t++) {
      const own = degrees[i] as number;
      const by = byRow ? own : Math.sqrt(own * (degrees[to[t] as number] as number));
      scaled[t] = by > 0 ? (weights[t] as number) / by : 0;
    }
  }
  return { starts, to, weights: scaled };
}

/** Rows that add up to 1. */
function rowsAsProbs(values: Float64Array, classes: number): Float32Array {
  const probs = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += classes) {
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += values[at + c] as number;
    for (let c = 0; c < classes; c++) probs[at + c] = sum > 0 ? (values[at + c] as number) / sum : 1 / classes;
  }
  return probs;
}
