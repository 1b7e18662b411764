// Students and batches for tests of steps. Only tests import this file.
import { seededRandom } from '../core/random.ts';
import { weighted } from '../losses/combination/weighted.ts';
import type { Loss } from '../losses/loss.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import type { Student } from '../student/student.ts';
import { cnn } from '../student/zoo/cnn.ts';
import { dsCnn } from '../student/zoo/dsCnn.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { mobilenetV1 } from '../student/zoo/mobilenetV1.ts';
import { resnet8 } from '../student/zoo/resnet8.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import type { TrainBatch } from './batch.ts';
import { makeOptimizer } from './optimizer.ts';

export const CLASSES = 3;
export const loss = weighted([
  { loss: softTargets({ temperature: 2 }), weight: 0.5 },
  { loss: crossEntropy(), weight: 0.5 },
]);

export interface Case {
  readonly student: () => Student;
  readonly shape: readonly number[];
  readonly vocabulary?: number;
}

export const students: Record<string, Case> = {
  mlp: { student: () => mlp({ inputShape: [12], hidden: [9], classes: CLASSES }), shape: [12] },
  cnn: { student: () => cnn({ inputShape: [12, 12, 1], classes: CLASSES }), shape: [12, 12, 1] },
  'ds-cnn': { student: () => dsCnn({ inputShape: [11, 8, 1], filters: 8, classes: CLASSES }), shape: [11, 8, 1] },
  resnet8: { student: () => resnet8({ inputShape: [8, 8, 3], classes: CLASSES }), shape: [8, 8, 3] },
  'mobilenet-v1': {
    student: () => mobilenetV1({ inputShape: [32, 32, 3], alpha: 0.1, classes: CLASSES }),
    shape: [32, 32, 3],
  },
  'transformer-tiny': {
    student: () => transformerTiny({ length: 7, vocabulary: 11, width: 8, heads: 2, hidden: 12, classes: CLASSES }),
    shape: [7],
    vocabulary: 11,
  },
};

export function batchOf({ shape, vocabulary }: Omit<Case, 'student'>, size: number, seed: number): TrainBatch {
  const random = seededRandom(seed);
  const length = shape.reduce((product, side) => product * side, size);
  const data =
    vocabulary === undefined
      ? Float32Array.from({ length }, () => 2 * random() - 1)
      : Int32Array.from({ length }, () => Math.floor(random() * vocabulary));
  return {
    inputs: { input: { data, shape: [size, ...shape] } },
    teacher: {
      logits: { data: Float32Array.from({ length: size * CLASSES }, () => 4 * random()), shape: [size, CLASSES] },
    },
    labels: Int32Array.from({ length: size }, () => Math.floor(random() * CLASSES)),
  };
}

export async function setUp({ student }: Pick<Case, 'student'>, chosen: Loss = loss) {
  const model = await buildStudent(await student().portable(), 3);
  const optimizer = makeOptimizer(tf, { learningRate: 0.01 });
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const free = () => {
    optimizer.dispose();
    model.dispose();
  };
  return { options: { model, optimizer, loss: chosen }, variables, free };
}
