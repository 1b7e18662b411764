import type { Tensor, Tensor2D } from '../../runtime/tf.ts';
import type { Layer, Tf } from '../../runtime/tfNamespace.ts';
import { layerClass } from './layerClass.ts';

/** What a soft-argmax is made with. */
export interface SoftArgmaxConfig {
  /** The layer's name; default: tfjs numbers it. */
  readonly name?: string;
}

/**
 * Soft-argmax: the place that each map points at, by a softmax over its cells and the mean of their centres. Unlike the place
 * of the largest cell it has a slope everywhere, and lies between cells too. It has no weights.
 * Shapes    maps [B, H, W, P] → points [B, P, 2], x and y
 * Units     logits in; 0…1 out, from the left and upper border to the right and lower one
 * Throws    nothing
 * Source    Sun et al. 2018, Integral Human Pose Regression, §2, arXiv:1711.08229; Nibali et al. 2018, Numerical Coordinate
 *           Regression with Convolutional Neural Networks (DSNT), §3, arXiv:1801.07372, whose −1…1 is 0…1 here
 */
export function softArgmax(tf: Tf, config: SoftArgmaxConfig = {}): Layer {
  return new (softArgmaxClass(tf))(config);
}

/** The centres of an image's cells, row by row: x, y, x, y …, each from 0 to 1. */
export function cellCentres(height: number, width: number): Float32Array {
  return Float32Array.from({ length: 2 * height * width }, (_, i) => {
    const cell = i >> 1;
    return i % 2 === 0 ? ((cell % width) + 0.5) / width : (Math.floor(cell / width) + 0.5) / height;
  });
}

/** tfjs's class of the layer; a saved model needs it to be built again. */
export const softArgmaxClass = layerClass(
  (tf) =>
    class SoftArgmax extends tf.layers.Layer {
      static readonly className = 'SoftArgmax';

      override computeOutputShape([batch, , , points]: number[]): number[] {
        return [batch as number, points as number, 2];
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        const x = Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs;
        const [batch, height, width, points] = x.shape as [number, number, number, number];
        return tf.tidy(() => {
          const cells = tf.transpose(tf.reshape(x, [batch, height * width, points]), [0, 2, 1]);
          const shares = tf.softmax(tf.reshape(cells, [batch * points, height * width]) as Tensor2D);
          const centres = tf.tensor2d(cellCentres(height, width), [height * width, 2]);
          return tf.reshape(tf.matMul(shares, centres), [batch, points, 2]);
        });
      }
    },
);
