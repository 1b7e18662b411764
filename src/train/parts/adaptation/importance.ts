import type { NamedArrays } from '../../../core/shape.ts';
import type * as tf from '../../../runtime/tf.ts';
import type { LearnedWeight } from './learned.ts';

/** Means of squared gradients, example by example: the diagonal of the Fisher information. */
export interface Importance {
  add(gradients: tf.NamedTensorMap): void;
  /** By weight name. */
  mean(): NamedArrays;
}

/**
 * With cross-entropy as loss and the labels in the data this is the empirical Fisher information; with labels
 * drawn from the student's own answers, the true one.
 * Source    Kirkpatrick et al. 2017, §2, arXiv:1612.00796
 */
export function openImportance(learned: ReadonlyMap<string, LearnedWeight>): Importance {
  const sums = new Map<string, { readonly shape: readonly number[]; readonly values: Float64Array }>();
  let count = 0;
  return {
    add(gradients) {
      count++;
      for (const [variable, gradient] of Object.entries(gradients)) {
        const weight = learned.get(variable);
        if (weight === undefined || !gradient) continue;
        const known = sums.get(weight.name);
        const sum = known ?? { shape: gradient.shape, values: new Float64Array(gradient.size) };
        if (known === undefined) sums.set(weight.name, sum);
        const data = gradient.dataSync<'float32'>();
        for (let i = 0; i < data.length; i++) {
          sum.values[i] = (sum.values[i] as number) + (data[i] as number) * (data[i] as number);
        }
      }
    },
    mean: () =>
      Object.fromEntries(
        [...sums].map(([name, { shape, values }]) => [
          name,
          { shape, data: Float32Array.from(values, (sum) => sum / Math.max(1, count)) },
        ]),
      ),
  };
}
