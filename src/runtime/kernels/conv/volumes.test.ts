import { expect, test } from 'vitest';
import * as tf from '../../tf.ts';
import { beginOnWasm, readBinaries } from '../cases/binaryCases.ts';
import { installKernels } from '../install.ts';

const binaryOf = readBinaries();
beginOnWasm();

const values = (shape: number[], seed: number) => tf.randomUniform(shape, -2, 2, 'float32', seed);

test('gradients of a convolution and of a maximum over volumes', async () => {
  // Against finite differences: tfjs's cpu backend is what they are compared with elsewhere.
  await installKernels(binaryOf('simd'));
  await tf.setBackend('wasm');
  const volume = values([1, 4, 5, 4, 2], 1) as tf.Tensor5D;
  const filter = values([2, 2, 2, 2, 2], 2) as tf.Tensor5D;
  const costs: ((x: tf.Tensor5D, w: tf.Tensor5D) => tf.Tensor)[] = [
    (x, w) => tf.sum(tf.square(tf.conv3d(x, w, 2, 'same'))),
    (x, w) => tf.sum(tf.square(tf.conv3d(x, w, 1, 'valid'))),
    (x) => tf.sum(tf.square(tf.maxPool3d(tf.sub(x, 3) as tf.Tensor5D, 2, 2, 'same'))),
  ];
  for (const cost of costs) {
    const [dx, dw] = tf.grads(
      (x, w) => tf.add(cost(x as tf.Tensor5D, w as tf.Tensor5D), tf.mul(tf.sum(w), 0)) as tf.Scalar,
    )([volume, filter]);
    for (const at of [0, 5, 11]) {
      const moved = (tensor: tf.Tensor5D, by: number) => {
        const data = tensor.dataSync().slice();
        data[at] = (data[at] as number) + by;
        return tf.tensor5d(data, tensor.shape);
      };
      const slope = (f: (by: number) => tf.Tensor) =>
        ((f(0.01).dataSync()[0] as number) - (f(-0.01).dataSync()[0] as number)) / 0.02;
      expect(dx?.dataSync()[at]).toBeCloseTo(
        slope((by) => cost(moved(volume, by), filter)),
        0,
      );
      expect(dw?.dataSync()[at]).toBeCloseTo(
        slope((by) => cost(volume, moved(filter, by))),
        0,
      );
    }
  }
});
