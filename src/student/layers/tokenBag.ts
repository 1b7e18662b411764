import { checkCount } from '../../core/options.ts';
import type { Tensor, Tensor2D } from '../../runtime/tf.ts';
import type { Layer, LayerVariable, Tf } from '../../runtime/tfNamespace.ts';
import { layerClass } from './layerClass.ts';

/** What a bag of tokens is made with. */
export interface TokenBagConfig {
  /** Number of different tokens, 0 included, which stands for none. */
  readonly vocabulary: number;
  /** Length of a vector. */
  readonly width: number;
  /** The seed of the initial weights. */
  readonly seed?: number;
  /** The layer's name; default: tfjs numbers it. */
  readonly name?: string;
}

/**
 * The mean of the learned vectors of some tokens, whatever their order: [B, …, T] → [B, …, F]. Token 0 stands for none: it does
 * not count, and nothing but it gives zeros.
 * Throws    invalid-option: a vocabulary or a width that is no count
 * Source    PyTorch's EmbeddingBag with mode 'mean' and padding_idx 0; Joulin et al. 2016, arXiv:1607.01759
 */
export function tokenBag(tf: Tf, config: TokenBagConfig): Layer {
  return new (tokenBagClass(tf))(config);
}

/** tfjs's class of the layer; a saved model needs it to be built again. */
export const tokenBagClass = layerClass(
  (tf) =>
    class TokenBag extends tf.layers.Layer {
      static readonly className = 'TokenBag';
      private readonly config: TokenBagConfig;
      private embeddings: LayerVariable | undefined;

      constructor(config: TokenBagConfig) {
        super(config as never);
        const { vocabulary, width, seed } = config;
        checkCount(vocabulary, 'vocabulary', 2);
        checkCount(width, 'width', 1);
        this.config = { vocabulary, width, ...(seed !== undefined && { seed }) };
      }

      override build(inputShape: number[]): void {
        const { vocabulary, width, seed } = this.config;
        const init = tf.initializers.randomNormal({
          stddev: 1 / Math.sqrt(width),
          ...(seed !== undefined && { seed }),
        });
        this.embeddings = this.addWeight('embeddings', [vocabulary, width], 'float32', init);
        super.build(inputShape);
      }

      override computeOutputShape(inputShape: number[]): number[] {
        return [...inputShape.slice(0, -1), this.config.width];
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        const given = Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs;
        const { vocabulary, width } = this.config;
        return tf.tidy(() => {
          const tokens = tf.cast(given, 'int32');
          const table = (this.embeddings as LayerVariable).read() as Tensor2D;
          // Without its first row, which neither counts nor learns.
          const isToken = tf.minimum(tf.range(0, vocabulary), 1);
          const held = tf.mul(table, tf.expandDims(isToken, 1));
          const vectors = tf.reshape(tf.gather(held, tf.reshape(tokens, [-1])), [...tokens.shape, width]);
          const counts = tf.sum(tf.minimum(tf.cast(tokens, 'float32'), 1), -1, true);
          return tf.div(tf.sum(vectors, -2), tf.maximum(counts, 1));
        });
      }

      override getConfig() {
        return { ...super.getConfig(), ...this.config } as ReturnType<Layer['getConfig']>;
      }
    },
);
