import * as tf from '../../../runtime/tf.ts';
import type { StepPlace } from '../../batch.ts';
import { lengthOf } from '../../order.ts';
import type { OpenPart } from '../part.ts';

/** Holds gradients back until enough steps have given theirs. */
export const openAccumulate: OpenPart = ({ job }) => {
  const { accumulate: most = 1 } = job;
  if (most === 1) return undefined;
  const { perEpoch } = lengthOf(job);
  const sums = new Map<string, tf.Tensor>();
  let count = 0;
  let place: StepPlace | undefined;
  const forget = () => {
    tf.dispose([...sums.values()]);
    sums.clear();
    count = 0;
  };
  return {
    async beforeStep(_, at) {
      place = at;
    },
    onGradients(gradients, apply) {
      for (const [name, gradient] of Object.entries(gradients)) {
        // tfjs gives none for a variable that the loss does not reach.
        if (!gradient) continue;
        const before = sums.get(name);
        // A copy in any case: the gradients of a recorded step are overwritten by the next.
        const sum = tf.tidy(() => tf.keep(before === undefined ? tf.mul(gradient, 1) : tf.add(before, gradient)));
        before?.dispose();
        sums.set(name, sum);
      }
      count++;
      const { step = 0, steps = 1 } = place ?? {};
      const isDue = count === most || step + 1 === steps || (step + 1) % perEpoch === 0;
      if (!isDue) return;
      const means = tf.tidy(
        () => Object.fromEntries([...sums].map(([name, sum]) => [name, tf.div(sum, count)])) as tf.NamedTensorMap,
      );
      try {
        apply(means);
      } finally {
        tf.dispose(Object.values(means));
        forget();
      }
    },
    end: forget,
  };
};
