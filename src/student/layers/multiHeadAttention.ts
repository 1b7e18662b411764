import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkOneOf } from '../../core/options.ts';
import { attention } from '../../runtime/ops/attention.ts';
import type { Tensor, Tensor2D } from '../../runtime/tf.ts';
import type { Layer, LayerVariable, Tf } from '../../runtime/tfNamespace.ts';
import { layerClass } from './layerClass.ts';

interface Projection {
  readonly kernel: LayerVariable;
  readonly bias: LayerVariable;
}

/** What a multi-head attention layer is made with. */
export interface MultiHeadAttentionConfig {
  /** Number of heads; it divides the number of features. */
  readonly heads: number;
  /** What each position may attend to: 'all' (default), or 'past': itself and earlier positions. */
  readonly sight?: 'all' | 'past';
  /** The seed of the initial weights. */
  readonly seed?: number;
  /** The layer's name; default: tfjs numbers it. */
  readonly name?: string;
}

/**
 * Self-attention with several heads, projections in and out with bias: [B, T, F] → [B, T, F].
 * Throws    invalid-option: heads not a whole number of at least 1, unknown sight; when the layer is built, a number of
 *           features that is not a multiple of the heads
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
      private projections: readonly Projection[] = [];

      constructor(config: MultiHeadAttentionConfig) {
        super(config as never);
        const { heads, sight = 'all', seed } = config;
        checkCount(heads, 'heads', 1);
        checkOneOf(sight, 'sight', ['all', 'past']);
        this.config = { heads, sight, ...(seed !== undefined && { seed }) };
      }

      override build(inputShape: number[]): void {
        const width = inputShape.at(-1) as number;
        const { heads, seed } = this.config;
        if (!(width % heads === 0)) {
          throw new LimbeckError(
            'invalid-option',
            `Attention with ${heads} heads was given ${width} features; it needs a multiple of its heads.`,
            { details: { heads, width } },
          );
        }
        this.projections = ['Query', 'Key', 'Value', 'Out'].map((name, i) => {
          const init = tf.initializers.glorotUniform(seed === undefined ? {} : { seed: seed + i });
          return {
            kernel: this.addWeight(`kernel${name}`, [width, width], 'float32', init),
            bias: this.addWeight(`bias${name}`, [width], 'float32', tf.initializers.zeros()),
          };
        });
        super.build(inputShape);
      }

      override computeOutputShape(inputShape: number[]): number[] {
        return inputShape;
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        const x = Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs;
        const { heads, sight = 'all' } = this.config;
        return tf.tidy(() => {
          const [query, key, value] = [0, 1, 2].map((place) => this.project(x, place)) as [Tensor, Tensor, Tensor];
          return this.project(attention(tf, query, key, value, { heads, isCausal: sight === 'past' }), 3);
        });
      }

      /** The index is the projection's: query, key, value, out. */
      project(from: Tensor, place: number): Tensor {
        const [batch, length, width] = from.shape as [number, number, number];
        const { kernel, bias } = this.projections[place] as Projection;
        const rows = tf.reshape(from, [batch * length, width]) as Tensor2D;
        const projected = tf.fused.matMul({ a: rows, b: kernel.read() as Tensor2D, bias: bias.read() });
        return tf.reshape(projected, [batch, length, width]);
      }

      override getConfig() {
        return { ...super.getConfig(), ...this.config } as ReturnType<Layer['getConfig']>;
      }
    },
);
