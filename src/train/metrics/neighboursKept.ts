import type { NdArray } from '../../core/shape.ts';
import type { Metric } from '../metric.ts';
import { cosineAt } from './cosineSimilarity.ts';

const NEIGHBOURS = 10;
/** The most examples, evenly spaced, that are compared with each other: the time grows with their square. */
const MOST_EXAMPLES = 256;

/**
 * The fraction of each example's nearest neighbours by the teacher's embeddings that are also nearest by the student's: whether
 * a search finds the same. It compares ten neighbours by cosine, or a quarter of the other examples if these are fewer than
 * 40. The embeddings may have different lengths. By chance it is about neighbours ÷ others.
 * Shapes    student [N, D], teacher [N, E] → fraction
 * Units     0…1; higher is better
 * Numerics  NaN for fewer than three examples, and if a number is NaN
 * Throws    nothing
 * Source    Q_NX(K) of the co-ranking matrix, Lee and Verleysen 2009, Neurocomputing 72(7–9), 1431–1443, eq. 12
 * Differs   at most 256 examples are compared
 */
export const neighboursKept: Metric = {
  name: 'neighboursKept',
  measures: 'embeddings',
  reads: { teacher: true, labels: false, otherLengths: true },
  compute({ student, teacher = student }) {
    const all = student.shape[0] ?? 0;
    const count = Math.min(all, MOST_EXAMPLES);
    if (count < 3 || !isNumbers(student) || !isNumbers(teacher)) return Number.NaN;
    const places = Array.from({ length: count }, (_, i) => Math.floor((i * all) / count));
    const wanted = Math.max(1, Math.min(NEIGHBOURS, Math.floor((count - 1) / 4)));
    const [first, second] = [cosinesOf(student, places), cosinesOf(teacher, places)];
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const near = new Set(nearest(first, i, count, wanted));
      for (const other of nearest(second, i, count, wanted)) if (near.has(other)) kept++;
    }
    return kept / (count * wanted);
  },
};

function isNumbers({ data }: NdArray): boolean {
  return Array.prototype.every.call(data, Number.isFinite);
}

/** Of every pair, [N, N]. */
function cosinesOf({ data, shape }: NdArray, places: readonly number[]): Float64Array {
  const length = shape[1] as number;
  const count = places.length;
  const cosines = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const cosine = cosineAt(data, data, (places[i] as number) * length, (places[j] as number) * length, length);
      cosines[i * count + j] = cosine;
      cosines[j * count + i] = cosine;
    }
  }
  return cosines;
}

/** The first of equally near ones. */
function nearest(cosines: Float64Array, i: number, count: number, wanted: number): number[] {
  const others = Array.from({ length: count }, (_, j) => j).filter((j) => j !== i);
  const cosine = (j: number) => cosines[i * count + j] as number;
  return others.sort((a, b) => cosine(b) - cosine(a) || a - b).slice(0, wanted);
}
