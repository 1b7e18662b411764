// A student whose statistics begin far off, and those of its examples. Only tests import this file.
import type { NdArray } from '../../../core/shape.ts';
import * as tf from '../../../runtime/tf.ts';
import { artifactsOf } from '../../../student/layersModel.ts';
import type { StudentArtifacts } from '../../../student/student.ts';
import { splitWeights } from '../../../student/weightBytes.ts';
import { CLASSES, FEATURES } from '../../engineCases.ts';
import type { TrainJob } from '../../job.ts';

/** Nine whole batches of 32. */
export const SIZE = 288;

/** Statistics that begin far off, and hardly move in a run. */
export async function normed(): Promise<TrainJob['student']> {
  const model = tf.sequential({
    layers: [
      tf.layers.batchNormalization({
        name: 'norm',
        inputShape: [FEATURES],
        momentum: 0.999,
        movingMeanInitializer: 'ones',
      }),
      tf.layers.dense({ units: 16, activation: 'relu', kernelInitializer: tf.initializers.heNormal({ seed: 1 }) }),
      tf.layers.dense({ units: CLASSES, kernelInitializer: tf.initializers.heNormal({ seed: 2 }) }),
    ],
  });
  const artifacts = await artifactsOf(model);
  model.dispose();
  return { kind: 'artifacts', artifacts };
}

export function statistics(artifacts: StudentArtifacts): { readonly mean: number[]; readonly variance: number[] } {
  const read = (name: string) => {
    const bytes = splitWeights(artifacts).find((weight) => weight.name === `norm/${name}`)?.bytes as Uint8Array;
    return Array.from(new Float32Array(bytes.slice().buffer));
  };
  return { mean: read('moving_mean'), variance: read('moving_variance') };
}

/** Of the features of the first examples. */
export function columns({ data }: NdArray): { readonly mean: number[]; readonly variance: number[] } {
  const meanOf = (of: (value: number, f: number) => number) =>
    Array.from({ length: FEATURES }, (_, f) => {
      let sum = 0;
      for (let i = 0; i < SIZE; i++) sum += of(data[i * FEATURES + f] as number, f);
      return sum / SIZE;
    });
  const mean = meanOf((value) => value);
  return { mean, variance: meanOf((value, f) => (value - (mean[f] as number)) ** 2) };
}
