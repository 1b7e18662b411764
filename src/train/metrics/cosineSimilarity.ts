import type { Metric } from '../metric.ts';

/**
 * The cosine between the student's and the teacher's vector of an example, mean over the examples; of sequences and maps all
 * numbers of an example are one vector.
 * Shapes    student [N, …], teacher [N, …] → one number
 * Units     −1…1; higher is better; two vectors of nothing but 0 have 1, one of them 0
 * Numerics  NaN where a number is none
 * Throws    nothing
 * Source    PyTorch's F.cosine_similarity(student, teacher).mean(), but for vectors of 0
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

/** Of two vectors of one length, which begin at these places. */
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
