import { checkCount, checkPositive } from '../../core/options.ts';
import type { Tensor, Tensor2D } from '../../runtime/tf.ts';
import type { Layer, LayerVariable, Tf } from '../../runtime/tfNamespace.ts';
import { layerClass } from './layerClass.ts';

/** What a layer of nearest neighbours is made with. */
export interface NearestNeighboursConfig {
  /** How many it remembers, N. */
  readonly examples: number;
  readonly classes: number;
  /** How many vote; all examples if there are fewer. */
  readonly k: number;
  /** Votes weigh exp(−distance² ÷ temperature). */
  readonly temperature: number;
  readonly name?: string;
}

/** A class that no neighbour votes for has this probability, so that its logit is finite: −13.8. */
export const LEAST_PROBABILITY = 1e-6;

/**
 * Distances that differ by less than this fraction of the squared lengths count as equal: rounding makes equal ones
 * slightly different.
 */
const ROUNDING = 2 ** -20;

/** The smallest normal float32: with less, votes would be divided by zero. */
const SMALLEST = 2 ** -126;

/**
 * The classes of the nearest remembered examples, where each vote weighs exp(−distance² ÷ temperature). All examples as
 * near as the k-th, up to rounding, vote. It learns nothing: its weights are the examples, memory [N, F], and their
 * classes, votes [N, C].
 * Shapes    features [..., F] → logits [..., C]
 * Units     logits out: the logarithm of a class's share of the votes, at least of 10⁻⁶
 * Gradient  none: the choice of neighbours has no slope
 * Numerics  finite for |feature| ≤ 1e17. Squared distances are those of float32 around the mean of the examples: off by
 *           about 10⁻⁶ of the squared length
 * Throws    invalid-option: a number of examples, classes or neighbours below 1, or a temperature of 0 or less
 * Source    weighted votes: Wu et al. 2018, §3.4, arXiv:1805.01978
 * Differs   squared Euclidean distance instead of the cosine, as Snell et al. 2017, arXiv:1703.05175, found better with
 *           few examples
 */
export function nearestNeighbours(tf: Tf, config: NearestNeighboursConfig): Layer {
  return new (nearestNeighboursClass(tf))(config);
}

/** tfjs's class of the layer; a saved model needs it to be built again. */
export const nearestNeighboursClass = layerClass(
  (tf) =>
    class NearestNeighbours extends tf.layers.Layer {
      static readonly className = 'NearestNeighbours';
      private readonly config: Omit<NearestNeighboursConfig, 'name'>;
      private memory: LayerVariable | undefined;
      private votes: LayerVariable | undefined;

      constructor(config: NearestNeighboursConfig) {
        super({ ...config, trainable: false } as never);
        const { examples, classes, k, temperature } = config;
        checkCount(examples, 'examples');
        checkCount(classes, 'classes');
        checkCount(k, 'k');
        checkPositive(temperature, 'temperature');
        this.config = { examples, classes, k, temperature };
      }

      override build(inputShape: number[]): void {
        const { examples, classes } = this.config;
        const weight = (name: string, width: number) =>
          this.addWeight(name, [examples, width], 'float32', tf.initializers.zeros(), undefined, false);
        this.memory = weight('memory', inputShape.at(-1) as number);
        this.votes = weight('votes', classes);
        super.build(inputShape);
      }

      override computeOutputShape(inputShape: number[]): number[] {
        return [...inputShape.slice(0, -1), this.config.classes];
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        const x = Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs;
        return tf.tidy(() => {
          const [memory, votes] = [this.memory, this.votes].map((one) => (one as LayerVariable).read()) as [
            Tensor2D,
            Tensor2D,
          ];
          const rows = tf.reshape(x, [-1, memory.shape[1]]) as Tensor2D;
          const weights = this.weigh(rows, memory);
          const shares = tf.div(tf.matMul(weights, votes), tf.sum(weights, 1, true));
          const logits = tf.log(tf.maximum(shares, LEAST_PROBABILITY));
          return tf.reshape(logits, this.computeOutputShape(x.shape));
        });
      }

      /** How much each example [N] counts for each row [B]: at most 1, and 0 if it is no neighbour. */
      private weigh(rows: Tensor2D, memory: Tensor2D): Tensor2D {
        const { k, temperature, examples } = this.config;
        // Distances do not depend on the origin, and round least near the examples.
        const centre = tf.mean(memory, 0);
        const [from, to] = [tf.sub(rows, centre), tf.sub(memory, centre)] as [Tensor2D, Tensor2D];
        const own = tf.sum(tf.square(from), 1, true);
        const theirs = tf.sum(tf.square(to), 1);
        const product = tf.matMul(from, to, false, true);
        const distances = tf.relu(tf.add(tf.sub(own, tf.mul(product, 2)), theirs));
        const count = Math.min(k, examples);
        const { values } = tf.topk(tf.neg(distances), count);
        const [nearest, farthest] = [0, count - 1].map((at) => tf.neg(tf.slice(values, [0, at], [-1, 1]))) as [
          Tensor,
          Tensor,
        ];
        const rounding = tf.mul(tf.add(own, tf.max(theirs)), ROUNDING);
        const isNear = tf.lessEqual(distances, tf.add(farthest, rounding));
        const closeness = tf.exp(tf.div(tf.sub(nearest, distances), Math.max(temperature, SMALLEST)));
        return tf.mul(tf.cast(isNear, 'float32'), closeness) as Tensor2D;
      }

      override getConfig() {
        return { ...super.getConfig(), ...this.config } as ReturnType<Layer['getConfig']>;
      }
    },
);
