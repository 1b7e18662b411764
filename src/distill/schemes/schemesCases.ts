// Small problems for the tests of the schemes. Only tests import this file.
import type { NdArray } from '../../core/shape.ts';
import { argMax } from '../../core/stats.ts';
import { fromArrays } from '../../data/arrays.ts';
import { crossEntropy } from '../../losses/response/crossEntropy.ts';
import { type Student, type StudentArtifacts, studentFromArtifacts } from '../../student/student.ts';
import { mlp } from '../../student/zoo/mlp.ts';
import type { Trainer } from '../../train/trainer.ts';
import { distill } from '../distill.ts';
import { CLASSES, FEATURES, labelsOf, makeStudent, points } from '../distillCases.ts';

/** A few labelled examples, many that are not, and students that grow: what noisyStudent takes. */
const few = points(6, 51);
export const expansion = {
  labelled: fromArrays(few, labelsOf(few)),
  unlabelled: fromArrays(points(120, 52)),
  student: (generation: number) => mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [8 + 4 * generation] }),
};

/** Many examples of which every fifth has a label: what graphTeacher takes. */
const all = points(400, 61);
export const graph = {
  data: fromArrays(all),
  labels: labelsOf(all).map((label, i) => (i % 5 === 0 ? label : -1)),
  // Points without room between classes: what is far away should count for less.
  propagation: { alpha: 0.5 },
};

const centers = [
  [1, 0, 0.3, 0],
  [-0.5, 0.9, 0, 0.3],
  [-0.5, -0.9, -0.3, 0],
];

/** Heaps with room between them, one a class, which is what sourceFree lives on. */
export function heaps(count: number, seed: number): NdArray {
  const { data: spread } = points(count, seed);
  const at = (i: number) =>
    (centers[Math.floor(i / FEATURES) % CLASSES]?.[i % FEATURES] as number) + 0.5 * (spread[i] as number);
  return { data: Float32Array.from(spread, (_, i) => at(i)), shape: [count, FEATURES] };
}

export function classesOf({ shape }: NdArray): number[] {
  return Array.from({ length: shape[0] as number }, (_, i) => i % CLASSES);
}

/** The same, seen by another camera: turned in the plane of the first two features, and moved. */
export function turned({ data: values, shape }: NdArray): NdArray {
  const [cos, sin] = [Math.cos(0.7), Math.sin(0.7)];
  const seen = Float32Array.from(values, (value, at) => {
    const first = at - (at % FEATURES);
    const [x, y] = [values[first] as number, values[first + 1] as number];
    return at % FEATURES === 0 ? cos * x - sin * y + 0.3 : at % FEATURES === 1 ? sin * x + cos * y + 0.3 : value;
  });
  return { data: seen, shape };
}

/** A task of two classes: on which side of 0 a feature lies. */
export const sideOf = (feature: number, first: number) => (of: NdArray) =>
  Array.from(
    { length: of.shape[0] as number },
    (_, i) => first + ((of.data[i * FEATURES + feature] as number) > 0 ? 1 : 0),
  );

/** A student of two classes, and examples of two new ones: what withoutForgetting takes. */
export const formerly = sideOf(1, 0);
export const newly = sideOf(0, 2);
export const ofTwo = () => mlp({ inputShape: [FEATURES], classes: 2, hidden: [8] });
const shown = points(120, 41);
export const added = fromArrays(shown, newly(shown));

const learned = new Map<unknown, StudentArtifacts>();

/** A student that has learned labels; the same ones are learned once. */
export async function trained(
  trainer: Trainer,
  labels: (of: NdArray) => readonly number[],
  student = makeStudent(),
  shownTo = points(120, 11),
): Promise<Student> {
  if (!learned.has(labels)) {
    const data = fromArrays(shownTo, [...labels(shownTo)]);
    const options = { epochs: 15, batchSize: 16, optimizer: { learningRate: 0.03 } };
    await distill({ student, data, loss: crossEntropy(), trainer, ...options }).done;
    learned.set(labels, student.artifacts as StudentArtifacts);
  }
  return studentFromArtifacts('trained', learned.get(labels) as StudentArtifacts);
}

/** The share of right answers among the classes from…to. */
export async function rightOf(
  trainer: Trainer,
  student: Student,
  input: NdArray,
  labels: readonly number[],
  [from, to]: readonly [number, number] = [0, CLASSES],
): Promise<number> {
  const { logits } = await trainer.predict(student, { input });
  const width = logits?.shape[1] as number;
  const right = labels.filter((label, i) => from + argMax(logits?.data ?? [], i * width + from, to - from) === label);
  return right.length / labels.length;
}
