import { seededRandom } from '../../core/random.ts';
import * as tf from '../tf.ts';

/** For sums of a few hundred products of numbers below 2, in another order and with other roundings. */
const TOLERANCE = 1e-3;

/**
 * Computes a small convolutional student's loss and gradients on the backend and in plain JavaScript; returns a
 * sentence where they differ, or undefined. Afterwards the previous backend is current again.
 */
export async function differenceFromCpu(backendName: string): Promise<string | undefined> {
  const before = tf.getBackend() as string | undefined;
  try {
    const expected = await lossAndGradients('cpu');
    const actual = await lossAndGradients(backendName);
    for (const [name, values] of Object.entries(expected)) {
      const given = actual[name] as Float32Array;
      const at = values.findIndex((value, i) => !(Math.abs(value - (given[i] as number)) <= TOLERANCE));
      if (at >= 0) return `the ${name} of a test is ${given[at]} at value ${at}, and must be ${values[at]}`;
    }
    return undefined;
  } finally {
    if (before) await tf.setBackend(before);
  }
}

async function lossAndGradients(backendName: string): Promise<Record<string, Float32Array>> {
  await tf.setBackend(backendName);
  const random = seededRandom(7);
  const tensor = (...shape: number[]) =>
    tf.tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 2 * random() - 1),
      shape,
    );
  const tensors = tf.tidy(() => {
    // More values than tfjs computes on the CPU instead of the GPU.
    const images = tensor(4, 10, 10, 8) as tf.Tensor4D;
    const target = tf.softmax(tensor(4, 5));
    const loss = (kernel: tf.Tensor, scale: tf.Tensor, dense: tf.Tensor) => {
      const maps = tf.relu(tf.conv2d(images, kernel as tf.Tensor4D, 1, 'same')).mul(scale);
      const logits = tf.matMul(tf.maxPool(maps as tf.Tensor4D, 2, 2, 'valid').mean([1, 2]), dense as tf.Tensor2D);
      return tf.mean(tf.sum(tf.mul(target, tf.sub(tf.log(target), tf.logSoftmax(logits))), -1));
    };
    const weights = [tensor(3, 3, 8, 6), tensor(6), tensor(6, 5)];
    const { value, grads } = tf.valueAndGrads(loss as (...args: tf.Tensor[]) => tf.Tensor)(weights);
    return { loss: value, 'kernel’s gradient': grads[0], 'scale’s gradient': grads[1], 'matrix’s gradient': grads[2] };
  });
  const values: Record<string, Float32Array> = {};
  for (const [name, one] of Object.entries(tensors as Record<string, tf.Tensor>)) {
    values[name] = (await one.data<'float32'>()).slice();
    one.dispose();
  }
  return values;
}
