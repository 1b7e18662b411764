import { LimbeckError } from '../../../core/errors.ts';
import type * as tf from '../../../runtime/tf.ts';
import { batchNormsOf } from '../../../student/topology/norms.ts';

/** Replaces the moving averages of batch normalization by means over a run. */
export interface MeanStatistics extends Disposable {
  /** Sets the weight of the batch of this step (counted from 0); true if it differs from the previous step's. */
  beforeStep(step: number): boolean;
}

/**
 * An average that counts as n examples becomes (n · average + B · that of the batch) ÷ (n + B), by setting the layers'
 * momentum before each step to n ÷ (n + B).
 * Throws    student-not-trainable: the student has no batch normalization
 * Source    Schneider et al. 2020, §3, arXiv:2006.16971
 */
export function openMeanStatistics(model: tf.LayersModel, priorExamples: number, batchSize: number): MeanStatistics {
  const layers = batchNormsOf(model);
  if (layers.length === 0) {
    throw new LimbeckError(
      'student-not-trainable',
      `The student "${model.name}" has no batch normalization, so it keeps no statistics that could be adapted. Use ` +
        'another method, such as "biasOnly".',
    );
  }
  const before = layers.map(({ momentum }) => momentum);
  return {
    beforeStep(step) {
      const seen = priorExamples + step * batchSize;
      for (const layer of layers) layer.momentum = seen / (seen + batchSize);
      return true;
    },
    [Symbol.dispose]() {
      layers.forEach((layer, i) => {
        layer.momentum = before[i] as number;
      });
    },
  };
}
