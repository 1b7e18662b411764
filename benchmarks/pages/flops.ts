import type * as tf from '../../src/runtime/tf.ts';

type Layer = tf.LayersModel['layers'][number];

/**
 * Floating-point operations of one training step: two for each multiply-add of the matrix products and convolutions,
 * once forward, once for the weights' gradient and once for the input's, which the first layer with weights needs not.
 * Normalisation, activations and the optimizer are not counted: they wait for memory.
 * Convolutions count as the direct form has them: Winograd's takes fewer, so a fraction of the peak may be above what was multiplied.
 */
export function flopsOfStep(model: tf.LayersModel, batch: number): number {
  let total = 0;
  let isFirst = true;
  for (const layer of model.layers) {
    const products = productsOf(layer);
    if (products === 0) continue;
    total += 2 * batch * products * (isFirst ? 2 : 3);
    isFirst = false;
  }
  return total;
}

/** Multiply-adds of a layer for one example. */
function productsOf(layer: Layer): number {
  const out = sizeOf(layer.outputShape);
  const [kernel] = layer.getWeights();
  switch (layer.getClassName()) {
    case 'Dense':
      return out * (kernel?.shape[0] ?? 0);
    case 'Conv2D':
      return (out * (kernel?.size ?? 0)) / (kernel?.shape.at(-1) ?? 1);
    case 'DepthwiseConv2D':
      return out * (kernel?.shape[0] ?? 0) * (kernel?.shape[1] ?? 0);
    case 'MultiHeadAttention': {
      const [, length = 0, width = 0] = layer.outputShape as number[];
      return length * width * (4 * width + 2 * length);
    }
    case 'GRU':
    case 'LSTM':
    case 'Bidirectional': {
      // Both products of each step; the biases have one axis.
      const [, steps = 0] = layer.outputShape as number[];
      const matrices = layer.getWeights().filter(({ rank }) => rank === 2);
      return steps * matrices.reduce((sum, { size }) => sum + size, 0);
    }
    default:
      return 0;
  }
}

function sizeOf(shape: Layer['outputShape']): number {
  return (shape as (number | null)[]).reduce<number>((product, side) => product * (side ?? 1), 1);
}
