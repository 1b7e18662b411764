import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import * as tf from '../runtime/tf.ts';
import { tapStudent } from './taps.ts';

let backend: OpenBackend;
beforeAll(async () => {
  backend = await openBackendHere({ backend: 'cpu' });
});
afterAll(() => backend.dispose());

function makeModel() {
  const input = tf.input({ shape: [6, 5, 1], name: 'input' });
  const maps = tf.layers.conv2d({ filters: 3, kernelSize: 2, name: 'maps' }).apply(input);
  const flat = tf.layers.flatten({ name: 'flat' }).apply(maps);
  const dense = tf.layers.dense({ units: 4, name: 'dense' }).apply(flat) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: dense });
}

describe('tapStudent', () => {
  test('gives what an inner layer gives, beside the outputs', () => {
    const model = makeModel();
    const tapped = tapStudent(model, ['logits', 'maps', 'maps']);
    expect(tapped.outputs).toEqual({ logits: [4], maps: [5, 4, 3] });
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.randomNormal([2, 6, 5, 1], 0, 1, 'float32', 3);
      const { logits, maps } = tapped.apply([x], 'training');
      const byHand = model.getLayer('maps').apply(x) as tf.Tensor;
      expect(Array.from(maps?.dataSync() ?? [])).toEqual(Array.from(byHand.dataSync()));
      const whole = model.apply(x) as tf.Tensor;
      expect(Array.from(logits?.dataSync() ?? [])).toEqual(Array.from(whole.dataSync()));
    });
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  test('carries a gradient to the weights before the tap, and none to those behind it', () => {
    const model = makeModel();
    const tapped = tapStudent(model, ['maps']);
    const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    tf.tidy(() => {
      const x = tf.ones([1, 6, 5, 1]);
      const compute = () => {
        const { maps, logits } = tapped.apply([x], 'training');
        return tf.add(tf.sum(maps as tf.Tensor), tf.mul(tf.sum(logits as tf.Tensor), 0)) as tf.Scalar;
      };
      const { grads } = tf.variableGrads(compute, weights);
      const steepest = Object.values(grads).map((slopes) => tf.max(tf.abs(slopes)).dataSync()[0]);
      expect(steepest.map((slope) => slope !== 0)).toEqual([true, true, false, false]);
    });
    model.dispose();
  });

  test('names what there is when there is no such layer', () => {
    const model = makeModel();
    expect(() => tapStudent(model, ['conv'])).toThrow(
      expect.objectContaining({ code: 'unknown-output', message: expect.stringContaining('"maps", "flat", "dense"') }),
    );
    model.dispose();
  });
});
