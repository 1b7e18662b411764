import { canFuse, type EpilogueLayer, epilogueOf } from '../epilogue.ts';
import type { LayerPatch } from '../layerPatch.ts';
import { engine, FusedDepthwiseConv2D, type Tensor, tidy } from '../tf.ts';
import type { LayerVariable } from '../tfNamespace.ts';

interface DepthwiseConv2DLayer extends EpilogueLayer {
  readonly depthwiseKernel: LayerVariable;
  readonly strides: [number, number];
  readonly padding: 'same' | 'valid';
  readonly dataFormat: 'channelsLast' | 'channelsFirst';
}

/**
 * A depthwise convolution with bias and activation as one kernel; in a training step tfjs runs them one by one.
 * Dilations are left to tfjs-layers, which ignores them in this class.
 */
export const depthwiseConv2d: LayerPatch = {
  className: 'DepthwiseConv2D',
  call(layer, inputs) {
    const [x, ...others] = [inputs].flat() as Tensor[];
    const { depthwiseKernel, strides, padding, dataFormat } = layer as unknown as DepthwiseConv2DLayer;
    const isOrdinary = dataFormat === 'channelsLast' && x?.rank === 4;
    if (x === undefined || others.length > 0 || !isOrdinary || !canFuse(layer, x)) return undefined;
    return tidy(() => {
      const { bias, activation, finish } = epilogueOf(layer);
      const attrs = { strides, pad: padding, dataFormat: 'NHWC', dilations: [1, 1], activation };
      const inputs = { x, filter: depthwiseKernel.read(), ...bias };
      return finish(engine().runKernel(FusedDepthwiseConv2D, inputs, attrs) as Tensor);
    });
  },
};
