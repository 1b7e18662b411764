import { canFuse, type EpilogueLayer, epilogueOf } from '../epilogue.ts';
import type { LayerPatch } from '../layerPatch.ts';
import { engine, FusedConv2D, type Tensor, tidy } from '../tf.ts';

interface Conv2DLayer extends EpilogueLayer {
  readonly strides: [number, number];
  readonly padding: 'same' | 'valid' | 'causal';
  readonly dataFormat: 'channelsLast' | 'channelsFirst';
  readonly dilationRate: [number, number];
}

/** A convolution with bias and activation as one kernel; in a training step tfjs runs them one by one. */
export const conv2d: LayerPatch = {
  className: 'Conv2D',
  call(layer, inputs) {
    const [x, ...others] = [inputs].flat() as Tensor[];
    const { kernel, strides, padding, dataFormat, dilationRate } = layer as unknown as Conv2DLayer;
    const isOrdinary = dataFormat === 'channelsLast' && padding !== 'causal';
    if (x === undefined || others.length > 0 || x.rank !== 4 || !isOrdinary || !canFuse(layer, x)) return undefined;
    return tidy(() => {
      const { bias, activation, finish } = epilogueOf(layer);
      const attrs = { strides, pad: padding, dataFormat: 'NHWC', dilations: dilationRate, activation };
      return finish(engine().runKernel(FusedConv2D, { x, filter: kernel.read(), ...bias }, attrs) as Tensor);
    });
  },
};
