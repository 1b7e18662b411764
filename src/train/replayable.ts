import type { Loss } from '../losses/loss.ts';
import { dropoutCalls, setDropoutCalls } from '../runtime/layers/dropout.ts';
import * as tf from '../runtime/tf.ts';

/**
 * Layers that compute the same function of their inputs and weights at every step. A recorded step counts the draws of
 * dropout. Others that draw random numbers (GaussianNoise) are detected by comparing the recorded step with the next one.
 */
const STATIC_LAYERS = new Set([
  ...['InputLayer', 'Dense', 'Activation', 'ReLU', 'LeakyReLU', 'ELU', 'PReLU', 'Softmax', 'ThresholdedReLU'],
  ...['Conv1D', 'Conv2D', 'Conv2DTranspose', 'SeparableConv2D', 'DepthwiseConv2D'],
  ...['MaxPooling1D', 'MaxPooling2D', 'AveragePooling1D', 'AveragePooling2D'],
  ...['GlobalAveragePooling1D', 'GlobalAveragePooling2D', 'GlobalMaxPooling1D', 'GlobalMaxPooling2D'],
  ...['BatchNormalization', 'LayerNormalization', 'Embedding', 'PositionEmbedding', 'MultiHeadAttention'],
  ...['TokenBag', 'Rescaling'],
  ...['Add', 'Average', 'Multiply', 'Maximum', 'Minimum', 'Concatenate', 'Dot'],
  ...['Flatten', 'Reshape', 'Permute', 'RepeatVector', 'ZeroPadding2D', 'Cropping2D', 'UpSampling2D', 'Masking'],
  ...['LSTM', 'GRU', 'SimpleRNN', 'Bidirectional', 'TimeDistributed', 'Dropout', 'SpatialDropout1D'],
  ...['GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
]);

type Layer = tf.LayersModel['layers'][number];

/** Why the steps of a run must go through tfjs, or undefined if one may be recorded and replayed. */
export function whyNotReplayed(model: tf.LayersModel, loss: Loss): string | undefined {
  if (loss.isStatic !== true) return `the loss "${loss.name}" does not say that it is the same at every step`;
  const odd = layersOf(model).find((layer) => !isStatic(layer));
  return odd && `the layer "${odd.name}" (${odd.getClassName()}) may compute something else at each step`;
}

/** All layers, including those of nested models. */
export function layersOf(model: tf.LayersModel): Layer[] {
  return model.layers.flatMap((layer) => ('layers' in layer ? layersOf(layer as unknown as tf.LayersModel) : [layer]));
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

function isStatic(layer: Layer): boolean {
  const name = layer.getClassName();
  // A custom class may have the name of one of tfjs's.
  const [known] = tf.serialization.SerializationMap.getMap().classNameMap[name] ?? [];
  return STATIC_LAYERS.has(name) && layer.constructor === (known as unknown) && !layer.stateful;
}
