import * as tf from '../../runtime/tf.ts';

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
  ...['TokenBag', 'SoftArgmax', 'Rescaling'],
  ...['Add', 'Average', 'Multiply', 'Maximum', 'Minimum', 'Concatenate', 'Dot'],
  ...['Flatten', 'Reshape', 'Permute', 'RepeatVector', 'ZeroPadding2D', 'Cropping2D', 'UpSampling2D', 'Masking'],
  ...['LSTM', 'GRU', 'SimpleRNN', 'Bidirectional', 'TimeDistributed', 'Dropout', 'SpatialDropout1D'],
  ...['GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
]);

type Layer = tf.LayersModel['layers'][number];

/** The first layer that may compute something else each time, or undefined if what a model computes may be recorded and replayed. */
export function changingLayer(model: tf.LayersModel): Layer | undefined {
  return layersOf(model).find((layer) => !isStatic(layer));
}

/** All layers, including those of nested models. */
export function layersOf(model: tf.LayersModel): Layer[] {
  return model.layers.flatMap((layer) => ('layers' in layer ? layersOf(layer as unknown as tf.LayersModel) : [layer]));
}

function isStatic(layer: Layer): boolean {
  const name = layer.getClassName();
  // A custom class may have the name of one of tfjs's.
  const [known] = tf.serialization.SerializationMap.getMap().classNameMap[name] ?? [];
  return STATIC_LAYERS.has(name) && layer.constructor === (known as unknown) && !layer.stateful;
}
