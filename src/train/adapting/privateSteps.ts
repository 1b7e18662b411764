import { LimbeckError } from '../../core/errors.ts';
import * as tf from '../../runtime/tf.ts';
import type { PrivacySteps } from '../adaptation.ts';
import { normalNumbers } from './normalNumbers.ts';

/** Gathers the gradients of one example after the other, and gives those of each step. */
export interface PrivateSteps {
  /** The steps that are due after this example; the caller frees them. */
  add(gradients: tf.NamedTensorMap): tf.NamedTensorMap[];
}

/**
 * DP-SGD: (1 ÷ expected lot) · (Σ over the examples of a step g · min(1, C ÷ ‖g‖) + normal noise of deviation σ·C). The norm
 * is that over everything that learns, in float64.
 * Throws    not-finite: the gradient of an example; it would be noise to nobody
 * Source    Abadi et al. 2016, algorithm 1, arXiv:1607.00133
 * Differs   noise is float32 like everything here: the attacks on its last bits (Mironov 2012) are not defended against
 */
export function openPrivateSteps(options: PrivacySteps): PrivateSteps {
  const { clipNorm, noiseMultiplier, lots, expectedLot, noiseSeed } = options;
  const normal = normalNumbers(noiseSeed);
  const sums = new Map<string, { readonly shape: number[]; readonly values: Float64Array }>();
  let lot = 0;
  let seen = 0;

  function step(): tf.NamedTensorMap {
    const noisy = Object.fromEntries(
      [...sums].map(([name, { shape, values }]) => {
        const data = Float32Array.from(values, (sum) => (sum + noiseMultiplier * clipNorm * normal()) / expectedLot);
        return [name, tf.tensor(data, shape, 'float32')];
      }),
    );
    for (const { values } of sums.values()) values.fill(0);
    lot++;
    seen = 0;
    return noisy;
  }

  return {
    add(gradients) {
      const all = Object.entries(gradients).map(([name, tensor]) => {
        const data = tensor.dataSync<'float32'>();
        if (!sums.has(name)) sums.set(name, { shape: tensor.shape, values: new Float64Array(data.length) });
        return [name, data] as const;
      });
      const norm = Math.sqrt(
        all.reduce((sum, [, data]) => sum + data.reduce((all, value) => all + value * value, 0), 0),
      );
      if (!Number.isFinite(norm)) throw lostExample();
      const steps: tf.NamedTensorMap[] = [];
      const isDue = () => lot < lots.length && seen >= (lots[lot] as number);
      while (isDue()) steps.push(step());
      const scale = norm > clipNorm ? clipNorm / norm : 1;
      for (const [name, data] of all) {
        const { values } = sums.get(name) as { values: Float64Array };
        for (let i = 0; i < data.length; i++) values[i] = (values[i] as number) + scale * (data[i] as number);
      }
      seen++;
      while (isDue()) steps.push(step());
      return steps;
    },
  };
}

function lostExample(): LimbeckError {
  return new LimbeckError(
    'not-finite',
    'The gradient of an example holds a value that is NaN or infinite; no weight was changed by this step. Lower the ' +
      'learning rate.',
  );
}
