import { canFuse, type EpilogueLayer, epilogueOf } from '../epilogue.ts';
import type { LayerPatch } from '../layerPatch.ts';
import { engine, FusedConv2D, FusedDepthwiseConv2D, type NamedAttrMap, type Tensor, tidy } from '../tf.ts';
import type { LayerVariable } from '../tfNamespace.ts';

interface SeparableConv2DLayer extends EpilogueLayer {
  readonly depthwiseKernel: LayerVariable;
  readonly pointwiseKernel: LayerVariable;
  readonly strides: [number, number];
  readonly padding: 'same' | 'valid' | 'causal';
  readonly dataFormat: 'channelsLast' | 'channelsFirst';
  readonly dilationRate: [number, number];
}

/**
 * A separable convolution with bias and activation as two kernels.
 * Differs   a dilated one trains; tfjs refuses the gradient
 */
export const separableConv2d: LayerPatch = {
  className: 'SeparableConv2D',
  call(layer, inputs) {
    const [x, ...others] = [inputs].flat() as Tensor[];
    const { depthwiseKernel, pointwiseKernel, strides, padding, dataFormat, dilationRate } =
      layer as unknown as SeparableConv2DLayer;
    const isOrdinary = dataFormat === 'channelsLast' && padding !== 'causal' && x?.rank === 4;
    if (x === undefined || others.length > 0 || !isOrdinary || !canFuse(layer, x)) return undefined;
    return tidy(() => {
      const { bias, activation, finish } = epilogueOf(layer);
      const run = (kernelName: string, from: Tensor, filter: Tensor, rest: Record<string, Tensor>, attrs: object) =>
        engine().runKernel(kernelName, { x: from, filter, ...rest }, {
          dataFormat: 'NHWC',
          ...attrs,
        } as NamedAttrMap) as Tensor;
      const depthwise = { strides, pad: padding, dilations: dilationRate, activation: 'linear' };
      const mixed = run(FusedDepthwiseConv2D, x, depthwiseKernel.read(), {}, depthwise);
      const pointwise = { strides: 1, pad: 'valid', dilations: 1, activation };
      return finish(run(FusedConv2D, mixed, pointwiseKernel.read(), bias, pointwise));
    });
  },
};
