// A small problem that takes milliseconds on tfjs's cpu backend, for the tests of distill: points in a box, and a teacher
// in memory that knows their classes.
import { seededRandom } from '../core/random.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import { fromArrays } from '../data/arrays.ts';
import type { Student } from '../student/student.ts';
import { mlp } from '../student/zoo/mlp.ts';
import type { Teacher } from '../teacher/teacher.ts';
import type { TrainBatch } from '../train/batch.ts';
import type { Trainer } from '../train/trainer.ts';
import type { DistillOptions } from './distillOptions.ts';

export const FEATURES = 4;
export const CLASSES = 3;
export const EXAMPLES = 48;
export const HELD_OUT = 20;
export const HERE = { worker: 'none', backend: 'cpu' } as const;

/** Points in a box; the class is the nearest of three fixed directions. */
export function points(count: number, seed: number): NdArray {
  const random = seededRandom(seed);
  return { data: Float32Array.from({ length: count * FEATURES }, () => 2 * random() - 1), shape: [count, FEATURES] };
}

const directions = [
  [3, 0, 1, 0],
  [-2, 3, 0, 0],
  [-1, -3, 0, 1],
];

export function logitsOf({ data, shape }: NdArray): NdArray {
  const count = shape[0] ?? 0;
  const logits = new Float32Array(count * CLASSES);
  for (let i = 0; i < count; i++) {
    directions.forEach((direction, c) => {
      logits[i * CLASSES + c] = direction.reduce((sum, w, f) => sum + w * (data[i * FEATURES + f] ?? 0), 0);
    });
  }
  return { data: logits, shape: [count, CLASSES] };
}

export function labelsOf(array: NdArray): number[] {
  const { data, shape } = logitsOf(array);
  return Array.from({ length: shape[0] ?? 0 }, (_, i) => argMax(data, i * CLASSES, CLASSES));
}

export const trainPoints = points(EXAMPLES, 1);
export const heldOutPoints = points(HELD_OUT, 2);
export const data = fromArrays(trainPoints);
export const labelled = fromArrays(trainPoints, labelsOf(trainPoints));
export const holdout = fromArrays(heldOutPoints, labelsOf(heldOutPoints));

/** A teacher in memory that counts what it is asked. */
export function makeTeacher(ask: (input: NdArray) => NamedArrays = (input) => ({ logits: logitsOf(input) })) {
  const asked: number[] = [];
  const teacher: Teacher = {
    description: { name: 'fake', bytes: 0, device: 'wasm', threads: 1, inputs: {}, outputs: {}, notices: [] },
    async ask(inputs) {
      const input = Object.values(inputs)[0] as NdArray;
      asked.push(input.shape[0] ?? 0);
      return ask(input);
    },
    timeMs: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { teacher, asked: () => asked.reduce((sum, count) => sum + count, 0), batches: asked };
}

export const makeStudent = () => mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [8] });

/** Valid options, with some of them replaced. */
export function working(trainer: DistillOptions['trainer'], changed: Partial<DistillOptions> = {}): DistillOptions {
  const { teacher } = makeTeacher();
  return { teacher, student: makeStudent(), data, epochs: 2, batchSize: 16, trainer, ...changed };
}

export function weightsOf(student: Student): Float32Array {
  return new Float32Array(student.artifacts?.weightData ?? new ArrayBuffer(0));
}

/** The same trainer, with access to every batch that it gets. */
export function watched(trainer: Trainer): {
  trainer: Trainer;
  checked: TrainBatch[];
  read: TrainBatch[];
  disposals: () => number;
} {
  const checked: TrainBatch[] = [];
  const read: TrainBatch[] = [];
  let disposals = 0;
  const watcher: Trainer = {
    ...trainer,
    check(job, batch) {
      checked.push(batch);
      return trainer.check(job, batch);
    },
    train(job, source, emit, signal) {
      const watchedSource = {
        ...source,
        async read(indices: Int32Array) {
          const batch = await source.read(indices);
          read.push(batch);
          return batch;
        },
      };
      return trainer.train(job, watchedSource, emit, signal);
    },
    async [Symbol.asyncDispose]() {
      disposals++;
    },
  };
  return { trainer: watcher, checked, read, disposals: () => disposals };
}

/** The largest difference of two arrays. */
export const distance = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
