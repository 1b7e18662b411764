import type { Loss } from '../losses/loss.ts';
import { dropoutCalls, setDropoutCalls } from '../runtime/layers/dropout.ts';
import type * as tf from '../runtime/tf.ts';
import { changingLayer, layersOf } from '../student/layers/staticLayers.ts';

/** Why the steps of a run must go through tfjs, or undefined if one may be recorded and replayed. */
export function whyNotReplayed(model: tf.LayersModel, loss: Loss): string | undefined {
  if (loss.isStatic !== true) return `the loss "${loss.name}" does not say that it is the same at every step`;
  const odd = changingLayer(model);
  return odd && `the layer "${odd.name}" (${odd.getClassName()}) may compute something else at each step`;
}

/** These, and behind them those that a wrapper applies at each position. */
function drawingLayers(model: tf.LayersModel): object[] {
  const layers = layersOf(model);
  return [...layers, ...layers.flatMap((layer) => ('layer' in layer ? [layer.layer as object] : []))];
}

/** How often each layer has drawn a mask; see `runtime/layers/dropout.ts`. */
export function drawsOf(model: tf.LayersModel): number[] {
  return drawingLayers(model).map(dropoutCalls);
}

export function setDraws(model: tf.LayersModel, draws: readonly number[]): void {
  for (const [i, layer] of drawingLayers(model).entries()) setDropoutCalls(layer, draws[i] ?? 0);
}
