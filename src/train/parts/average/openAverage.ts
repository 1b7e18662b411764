import type { NdArray } from '../../../core/shape.ts';
import * as tf from '../../../runtime/tf.ts';
import { writeWeight } from '../../writeWeight.ts';
import type { OpenPart } from '../part.ts';
import { readAverage } from './average.ts';

/** Averages the weights over the steps, and puts the average in their place after the last one. */
export const openAverage: OpenPart = ({ job, model, optimizer }) => {
  if (!job.average || optimizer === undefined) return undefined;
  const { kind, decay, start } = readAverage(job.average);
  const pairs = model.weights.map((weight) => {
    const own = weight.read() as tf.Variable;
    return { own, average: tf.tidy(() => tf.variable(tf.mul(own, 1), false)) };
  });
  let counted = 0;
  return {
    afterStep({ step, steps }) {
      if (kind === 'equal' && step < Math.floor(start * steps)) return;
      counted++;
      const kept = kind === 'equal' ? 1 - 1 / counted : Math.min(1 - 1 / (counted + 1), decay);
      tf.tidy(() => {
        for (const { own, average } of pairs) average.assign(tf.add(tf.mul(average, kept), tf.mul(own, 1 - kept)));
      });
    },
    async afterEpoch({ epoch, epochs }) {
      if (epoch < epochs || counted === 0) return undefined;
      for (const { own, average } of pairs) writeWeight(own, await valuesOf(average));
      return undefined;
    },
    state: async () => ({
      numbers: [counted],
      arrays: await Promise.all(pairs.map(({ average }) => valuesOf(average))),
    }),
    restore({ numbers: [steps = 0] = [], arrays = [] }) {
      counted = steps;
      for (const [i, { average }] of pairs.entries()) writeWeight(average, arrays[i]);
    },
    end: () => tf.dispose(pairs.map(({ average }) => average)),
  };
};

async function valuesOf(weight: tf.Variable): Promise<NdArray> {
  return { data: (await weight.data<'float32'>()).slice(), shape: [...weight.shape] };
}
