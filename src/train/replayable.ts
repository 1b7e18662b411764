import type { Loss } from '../losses/loss.ts';
import type * as tf from '../runtime/tf.ts';
import { changingLayer } from '../student/layers/staticLayers.ts';

/** Why the steps of a run must go through tfjs, or undefined if one may be recorded and replayed. */
export function whyNotReplayed(model: tf.LayersModel, loss: Loss): string | undefined {
  if (loss.isStatic !== true) return `the loss "${loss.name}" does not say that it is the same at every step`;
  const odd = changingLayer(model);
  return odd && `the layer "${odd.name}" (${odd.getClassName()}) may compute something else at each step`;
}
