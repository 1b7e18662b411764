import { derivedSeed } from '../../../core/random.ts';
import { sizeOf } from '../../../core/shape.ts';
import { currentKernels } from '../../../runtime/kernels/install.ts';
import * as tf from '../../../runtime/tf.ts';
import type { LowRankProduct } from './adaptation.ts';
import type { LearnedWeight } from './learned.ts';

/** Small matrices that learn instead of a weight. */
export interface LowRank extends Disposable {
  /** The gradients of both from the weight's gradient; the caller frees them. */
  project(gradient: tf.Tensor): tf.NamedTensorMap;
  /** Writes weight = first value + scale · left · right. */
  write(): void;
  product(): LowRankProduct;
}

/**
 * LoRA without a change to the model: the step computes the gradient of the whole weight W = W₀ + s·A·B, and A and B get
 * theirs by the chain rule, ∂A = s·∂W·Bᵀ and ∂B = s·Aᵀ·∂W. So it works for every layer with a matrix, and steps
 * are replayed as usual.
 * Shapes    weight [..., C] as a matrix [R, C]; A [R, rank], B [rank, C]
 * Source    Hu et al. 2022, §4.1, arXiv:2106.09685: A starts random, B at zero
 * Differs   A is drawn normal with deviation 1/√R, so that A·x has the length of x, whatever the rank
 */
export function openLowRank({ name, variable }: LearnedWeight, rank: number, alpha: number, seed: number): LowRank {
  const columns = variable.shape.at(-1) ?? 1;
  const rows = sizeOf(variable.shape) / columns;
  const scale = alpha / rank;
  // A clone would share memory that is changed in place.
  const first = tf.keep(tf.tensor(variable.dataSync<'float32'>().slice(), variable.shape, 'float32'));
  const made = tf.tidy(() => ({
    left: tf.variable(
      tf.randomNormal([rows, rank], 0, 1 / Math.sqrt(rows), 'float32', derivedSeed(seed, `left/${name}`)),
      true,
      `low-rank/${name}/left`,
    ),
    right: tf.variable(tf.zeros([rank, columns]), true, `low-rank/${name}/right`),
  }));
  const { left, right } = made;
  return {
    project: (gradient) =>
      tf.tidy(() => {
        const matrix = tf.mul(tf.reshape(gradient, [rows, columns]), scale);
        return {
          [left.name]: tf.matMul(matrix as tf.Tensor2D, right as unknown as tf.Tensor2D, false, true),
          [right.name]: tf.matMul(left as unknown as tf.Tensor2D, matrix as tf.Tensor2D, true, false),
        };
      }),
    write() {
      const next = tf.tidy(() => {
        const product = tf.matMul(left as unknown as tf.Tensor2D, right as unknown as tf.Tensor2D);
        return tf.add(first, tf.reshape(tf.mul(product, scale), variable.shape));
      });
      writeInPlace(variable, next);
      next.dispose();
    },
    product: () => ({
      rank,
      left: left.dataSync<'float32'>().slice(),
      right: right.dataSync<'float32'>().map((value) => value * scale),
    }),
    [Symbol.dispose]: () => tf.dispose([first, left, right]),
  };
}

/** Whether the product is smaller than the matrix. */
export function isWorthIt({ variable }: LearnedWeight, rank: number): boolean {
  const columns = variable.shape.at(-1) ?? 1;
  const rows = sizeOf(variable.shape) / columns;
  return variable.shape.length > 1 && rank * (rows + columns) < rows * columns;
}

/** Recorded steps become invalid if a weight gets new memory. */
function writeInPlace(variable: tf.Variable, value: tf.Tensor): void {
  const kernels = currentKernels();
  if (kernels === undefined || variable.size === 0) variable.assign(value as never);
  else {
    const start = kernels.addressOf(value);
    kernels.bytes().copyWithin(kernels.addressOf(variable), start, start + 4 * variable.size);
  }
}
