import { LimbeckError } from '../../../core/errors.ts';
import * as tf from '../../../runtime/tf.ts';
import type { AnchorOptions } from './adaptation.ts';
import type { LearnedWeight } from './learned.ts';

/** Pulls weights back to their initial values. */
export interface Anchor extends Disposable {
  /** The gradients with that of the penalty; called inside a tidy. */
  add(gradients: tf.NamedTensorMap): tf.NamedTensorMap;
}

/**
 * The gradient of strength/2 · Σ F·(w − w₀)²: strength · F · (w − w₀).
 * Throws    shape-mismatch: importance and weight of different lengths
 * Source    Kirkpatrick et al. 2017, eq. 3, arXiv:1612.00796
 */
export function openAnchor(learned: readonly LearnedWeight[], options: AnchorOptions | undefined): Anchor {
  if (options === undefined) return { add: (gradients) => gradients, [Symbol.dispose]: () => undefined };
  const held = learned.flatMap(({ name, variable }) => {
    const values = options.importance[name];
    if (values === undefined) return [];
    if (values.data.length !== variable.size) throw otherWeight(name, values.data.length, variable.size);
    const pull = tf.tidy(() =>
      tf.mul(tf.tensor(Float32Array.from(values.data), variable.shape, 'float32'), options.strength),
    );
    // A clone would share memory that optimizers change in place.
    const first = tf.keep(tf.tensor(variable.dataSync<'float32'>().slice(), variable.shape, 'float32'));
    return [{ variable, pull: tf.keep(pull), first }];
  });
  return {
    add(gradients) {
      const all = { ...gradients };
      for (const { variable, pull, first } of held) {
        const gradient = all[variable.name];
        const penalty = tf.mul(pull, tf.sub(variable as unknown as tf.Tensor, first));
        all[variable.name] = gradient ? tf.add(gradient, penalty) : penalty;
      }
      return all;
    },
    [Symbol.dispose]: () => tf.dispose(held.flatMap(({ pull, first }) => [pull, first])),
  };
}

function otherWeight(name: string, given: number, needed: number): LimbeckError {
  return new LimbeckError(
    'shape-mismatch',
    `The importance of "${name}" has ${given} values, and the weight ${needed}. Measure it on this student.`,
    { details: { name, given, needed } },
  );
}
