import type { layers, Tensor, Tensor2D } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { layerClass } from '../layerClass.ts';

type Layer = InstanceType<typeof layers.Layer>;
type Weight = ReturnType<Layer['addWeight']>;

/** What a multi-head attention layer is made with. */
export interface MultiHeadAttentionConfig {
  /** Number of heads; it divides the number of features. */
  readonly heads: number;
  /** Where each position may look: 'all' (default), or 'past': itself and what came before. */
  readonly sight?: 'all' | 'past';
  /** Of the weights' start. */
  readonly seed?: number;
}

/**
 * Self-attention with several heads, projections in and out with bias: [B, T, F] → [B, T, F].
 * Source    Vaswani et al. 2017, §3.2, arXiv:1706.03762
 */
export function multiHeadAttention(tf: Tf, config: MultiHeadAttentionConfig): Layer {
  return new (multiHeadAttentionClass(tf))(config);
}

/** tfjs's class of the layer; a saved model needs it to be built again. */
export const multiHeadAttentionClass = layerClass(
  (tf) =>
    class MultiHeadAttention extends tf.layers.Layer {
      static readonly className = 'MultiHeadAttention';
      private readonly config: MultiHeadAttentionConfig;
      private weightsIn: Weight | undefined;
      private biasIn: Weight | undefined;
      private weightsOut: Weight | undefined;
      private biasOut: Weight | undefined;

      constructor(config: MultiHeadAttentionConfig) {
        super(config as never);
        this.config = config;
      }

      override build(inputShape: number[]): void {
        const width = inputShape.at(-1) as number;
        const { seed } = this.config;
        const init = (offset: number) =>
          tf.initializers.glorotUniform(seed === undefined ? {} : { seed: seed + offset });
        const zeros = tf.initializers.zeros();
        this.weightsIn = this.addWeight('kernelIn', [width, 3 * width], 'float32', init(0));
        this.biasIn = this.addWeight('biasIn', [3 * width], 'float32', zeros);
        this.weightsOut = this.addWeight('kernelOut', [width, width], 'float32', init(1));
        this.biasOut = this.addWeight('biasOut', [width], 'float32', zeros);
        super.build(inputShape);
      }

      override computeOutputShape(inputShape: number[]): number[] {
        return inputShape;
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        const x = Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs;
        const [batch, length, width] = x.shape as [number, number, number];
        const { heads, sight = 'all' } = this.config;
        const project = (from: Tensor, weights: Weight | undefined, bias: Weight | undefined) =>
          tf.fused.matMul({
            a: from as Tensor2D,
            b: (weights as Weight).read() as Tensor2D,
            bias: (bias as Weight).read(),
          });
        return tf.tidy(() => {
          const projected = project(tf.reshape(x, [batch * length, width]), this.weightsIn, this.biasIn);
          const [q, k, v] = tf
            .split(tf.reshape(projected, [batch, length, 3 * heads, width / heads]), 3, 2)
            .map((part) => tf.transpose(part, [0, 2, 1, 3])) as [Tensor, Tensor, Tensor];
          let scores = tf.mul(tf.matMul(q, k, false, true), Math.sqrt(heads / width));
          if (sight === 'past') {
            const hidden = tf.sub(1, tf.linalg.bandPart(tf.ones([length, length]), -1, 0));
            scores = tf.sub(scores, tf.mul(hidden, 1e9));
          }
          const mixed = tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]);
          const out = project(tf.reshape(mixed, [batch * length, width]), this.weightsOut, this.biasOut);
          return tf.reshape(out, [batch, length, width]);
        });
      }

      override getConfig() {
        return { ...super.getConfig(), ...this.config } as ReturnType<Layer['getConfig']>;
      }
    },
);
