import type { Student } from '../student/student.ts';
import { cnn } from '../student/zoo/cnn.ts';
import { dsCnn } from '../student/zoo/dsCnn.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { mobilenetV1 } from '../student/zoo/mobilenetV1.ts';
import { resnet8 } from '../student/zoo/resnet8.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import type { BenchModel } from './subject.ts';

/** A student that is always measured in the same way. */
export interface ReferenceStudent {
  make(): Student;
  /** Of one example. */
  readonly shape: readonly number[];
  /** Examples of a training step. */
  readonly batch: number;
  readonly classes: number;
  /** Of token students: how many different tokens there are. */
  readonly vocabulary?: number;
}

/** The six, as `benchmarks/torchSteps.py` has them in PyTorch. */
export const referenceStudents: Readonly<Record<string, ReferenceStudent>> = {
  mlp: { make: () => mlp(), shape: [784], batch: 64, classes: 10 },
  cnn: { make: () => cnn(), shape: [28, 28, 1], batch: 64, classes: 10 },
  'ds-cnn': { make: () => dsCnn(), shape: [49, 10, 1], batch: 64, classes: 12 },
  resnet8: { make: () => resnet8(), shape: [32, 32, 3], batch: 32, classes: 10 },
  'mobilenet-v1-0.25': { make: () => mobilenetV1(), shape: [96, 96, 3], batch: 16, classes: 2 },
  'transformer-tiny': { make: () => transformerTiny(), shape: [64], batch: 16, classes: 10, vocabulary: 256 },
};

/** A task of MLPerf Tiny: the model of the standard set that has its shape, and the quality that a trained one must reach there. */
export interface TinyTask {
  readonly model: string;
  readonly task: string;
  readonly metric: 'accuracy' | 'AUC';
  /** As a fraction. */
  readonly target: number;
}

/**
 * The four tasks of MLPerf Tiny. A benchmark measures speed, with weights that were never trained; a student that is to count
 * there reaches these.
 * Source    Banbury et al. 2021, "MLPerf Tiny Benchmark", arXiv:2106.07597, table 1
 */
export const TINY_TASKS: readonly TinyTask[] = [
  { model: 'ds-cnn', task: 'keyword spotting', metric: 'accuracy', target: 0.9 },
  { model: 'resnet8', task: 'image classification', metric: 'accuracy', target: 0.85 },
  { model: 'mobilenet-v1-0.25', task: 'visual wake words', metric: 'accuracy', target: 0.8 },
  { model: 'autoencoder', task: 'anomaly detection', metric: 'AUC', target: 0.85 },
];

/** MLPerf Tiny's, without its batch normalization: 640 numbers of a spectrogram through 8. */
const autoencoder = () => mlp({ inputShape: [640], classes: 640, hidden: [128, 128, 128, 128, 8, 128, 128, 128, 128] });

/**
 * The six reference students and an autoencoder, by which devices can be compared; among them are the shapes of all four tasks of
 * MLPerf Tiny. Their weights are seeded, since none was trained.
 *
 * @example
 * const { rows } = await benchmark({ models: standardSet(), budgetMs: 600_000 }).done;
 */
export function standardSet(): BenchModel[] {
  const six = Object.entries(referenceStudents).map(
    ([name, { make, batch }]): BenchModel => ({ name, student: make(), trainingBatch: batch }),
  );
  return [...six, { name: 'autoencoder', student: autoencoder(), trainingBatch: 64 }];
}
