import { canFuse, type EpilogueLayer, epilogueOf } from '../epilogue.ts';
import type { LayerPatch } from '../layerPatch.ts';
import { denseGelu } from '../ops/denseGelu.ts';
import { _FusedMatMul, engine, reshape, type Tensor, tidy } from '../tf.ts';

/**
 * A dense layer with bias and activation as one kernel; in a training step tfjs runs them one by one.
 * Shapes    x [..., F] → [..., units]
 */
export const dense: LayerPatch = {
  className: 'Dense',
  call(layer, inputs) {
    const [x, ...others] = [inputs].flat() as Tensor[];
    if (x === undefined || others.length > 0 || x.rank < 2 || !canFuse(layer, x)) return undefined;
    const { kernel, activation: activated } = layer as unknown as EpilogueLayer;
    return tidy(() => {
      const b = kernel.read();
      const [features, units] = b.shape as [number, number];
      const { bias, activation, finish } = epilogueOf(layer);
      const a = x.rank === 2 ? x : reshape(x, [-1, features]);
      const shaped = (y: Tensor) => (x.rank === 2 ? y : reshape(y, [...x.shape.slice(0, -1), units]));
      if (activated?.getClassName() === 'gelu') return shaped(denseGelu(a, b, bias['bias']));
      const attrs = { transposeA: false, transposeB: false, activation };
      return finish(shaped(engine().runKernel(_FusedMatMul, { a, b, ...bias }, attrs) as Tensor));
    });
  },
};
