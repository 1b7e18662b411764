import type { Metric } from '../metric.ts';

/**
 * The cosine between the student's and the teacher's vector of an example, mean over the examples. All numbers of a sequence
 * or map form one vector.
 * Shapes    student [N, …], teacher [N, …] → one number
 * Units     −1…1; higher is better; two zero vectors give 1, a single one 0
 * Numerics  NaN if a number is NaN
 * Throws    nothing
 * Source    PyTorch's F.cosine_similarity(student, teacher).mean(), except for zero vectors
 */
export const cosineSimilarity: Metric = {
  name: 'cosineSimilarity',
  measures: 'embeddings',
  reads: { teacher: true, labels: false },
  compute({ student, teacher = student }) {
    const count = student.shape[0] ?? 1;
    const length = student.data.length / count;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += cosineAt(student.data, teacher.data, i * length, i * length, length);
    return sum / count;
  },
};

/** Of two vectors of equal length that begin at these offsets. */
export function cosineAt(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  from: number,
  to: number,
  length: number,
): number {
  let [dot, a, b] = [0, 0, 0];
  for (let i = 0; i < length; i++) {
    const [x, y] = [first[from + i] as number, second[to + i] as number];
    dot += x * y;
    a += x * x;
    b += y * y;
  }
  return a === 0 && b === 0 ? 1 : dot / Math.max(Math.sqrt(a * b), Number.MIN_VALUE);
}
