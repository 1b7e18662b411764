import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { artifactsFromFiles, toFiles } from '../files/files.ts';
import { artifactsOf } from '../layersModel.ts';
import { positionEmbedding } from './positionEmbedding.ts';

const [BATCH, LENGTH, WIDTH] = [3, 4, 5] as const;
/** Whole numbers, so that sums are exact. */
const whole = (shape: readonly number[], factor: number) => {
  const size = shape.reduce((product, length) => product * length, 1);
  return Array.from({ length: size }, (_, i) => ((i * factor) % 17) - 8);
};
const at = (values: readonly number[], i: number) => values[i] as number;

describe.each(['cpu', 'wasm'] as const)('positionEmbedding on %s', (backendName) => {
  onBackend(backendName);

  test('adds nothing at first', () => {
    const layer = positionEmbedding(tf);
    tf.tidy(() => {
      const x = whole([BATCH, LENGTH, WIDTH], 5);
      const out = layer.apply(tf.tensor3d(x, [BATCH, LENGTH, WIDTH])) as tf.Tensor;
      expect([...out.dataSync()]).toEqual(x);
    });
    layer.dispose();
  });

  test('adds a vector a position, and learns the sum of the slopes over the batch', () => {
    const layer = positionEmbedding(tf);
    const shape = [BATCH, LENGTH, WIDTH] as const;
    const [x, dy, positions] = [whole(shape, 5), whole(shape, 7), whole([LENGTH, WIDTH], 3)];
    tf.tidy(() => {
      const input = tf.variable(tf.tensor(x, [...shape]));
      layer.apply(input);
      layer.setWeights([tf.tensor2d(positions, [LENGTH, WIDTH])]);
      const weight = layer.trainableWeights[0]?.read() as tf.Variable;
      const { grads } = tf.variableGrads(() => {
        const out = layer.apply(input) as tf.Tensor;
        const row = LENGTH * WIDTH;
        expect([...out.dataSync()]).toEqual(x.map((value, i) => value + at(positions, i % row)));
        return tf.sum(tf.mul(out, tf.tensor(dy, [...shape]))) as tf.Scalar;
      }, [input, weight]);
      expect([...(grads[input.name] as tf.Tensor).dataSync()]).toEqual(dy);
      const sums = positions.map((_, i) => at(dy, i) + at(dy, i + LENGTH * WIDTH) + at(dy, i + 2 * LENGTH * WIDTH));
      expect([...(grads[weight.name] as tf.Tensor).dataSync()]).toEqual(sums);
      input.dispose();
    });
    layer.dispose();
  });

  test('is saved and loaded with its positions', async () => {
    const input = tf.input({ shape: [LENGTH, WIDTH] });
    const model = tf.model({ inputs: input, outputs: positionEmbedding(tf).apply(input) as tf.SymbolicTensor });
    const positions = whole([LENGTH, WIDTH], 3);
    tf.tidy(() => model.setWeights([tf.tensor2d(positions, [LENGTH, WIDTH])]));
    const artifacts = artifactsFromFiles(toFiles(await artifactsOf(model)));
    const again = await buildStudent({ kind: 'artifacts', artifacts }, 99);
    tf.tidy(() => {
      const out = again.apply(tf.zeros([1, LENGTH, WIDTH])) as tf.Tensor;
      expect([...out.dataSync()]).toEqual(positions);
    });
    model.dispose();
    again.dispose();
  });
});
