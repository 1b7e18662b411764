import type { Tensor } from '../../runtime/tf.ts';
import type { Layer, LayerVariable, Tf } from '../../runtime/tfNamespace.ts';
import { layerClass } from './layerClass.ts';

/**
 * Adds one learned vector for each position: [B, T, F] → [B, T, F]. It starts at zero.
 * Source    Gehring et al. 2017, arXiv:1705.03122
 */
export function positionEmbedding(tf: Tf): Layer {
  return new (positionEmbeddingClass(tf))({});
}

/** tfjs's class of the layer; a saved model needs it to be built again. */
export const positionEmbeddingClass = layerClass(
  (tf) =>
    class PositionEmbedding extends tf.layers.Layer {
      static readonly className = 'PositionEmbedding';
      private positions: LayerVariable | undefined;

      override build(inputShape: number[]): void {
        const [, length, width] = inputShape as [number, number, number];
        this.positions = this.addWeight('positions', [length, width], 'float32', tf.initializers.zeros());
        super.build(inputShape);
      }

      override computeOutputShape(inputShape: number[]): number[] {
        return inputShape;
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        const x = Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs;
        return tf.add(x, (this.positions as NonNullable<typeof this.positions>).read());
      }
    },
);
