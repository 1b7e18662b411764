import { beforeAll, describe, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent, describeStudent } from '../build.ts';
import { type KeypointsOptions, keypoints } from './keypoints.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

describe('keypoints', () => {
  expectNoTensorsLeft();
  const built = async (options: KeypointsOptions, seed = 7) => buildStudent(await keypoints(options).portable(), seed);

  test('has the input, output and parameters that it documents', async () => {
    const model = await built({});
    expect(describeStudent(model)).toEqual({
      inputs: { input: [64, 64, 1] },
      outputs: { points: [21, 2], maps: [8, 8, 21] },
      parameters: 21_024 + 1_216,
      trainableParameters: 21_024,
    });
    expect(keypoints().name).toBe('keypoints');
    model.dispose();
  });

  test.each([
    [[16, 16, 1], 1],
    [[17, 40, 3], 5],
  ] as const)('takes images %j and finds %i points inside them', async (inputShape, points) => {
    const model = await built({ inputShape, points, filters: 4 });
    const [height, width] = inputShape.map((length) => Math.ceil(length / 8)) as [number, number];
    expect(describeStudent(model)).toMatchObject({
      inputs: { input: inputShape },
      outputs: { points: [points, 2], maps: [height, width, points] },
    });
    tf.tidy(() => {
      const [at] = model.predict(tf.randomUniform([3, ...inputShape], 0, 1, 'float32', 5)) as [tf.Tensor, tf.Tensor];
      const found = at.dataSync();
      expect(found).toHaveLength(3 * points * 2);
      expect(found.every((place) => place > 0 && place < 1)).toBe(true);
    });
    model.dispose();
  });

  test('has the same weights for the same seed, others for another, and starts no two layers alike', async () => {
    const weightsOf = async (seed: number) => {
      const model = await built({ filters: 4 }, seed);
      const kernels = model.layers.flatMap((layer) => layer.getWeights().filter(({ rank }) => rank > 1));
      const weights = kernels.map((kernel) => [...kernel.dataSync()]);
      model.dispose();
      return weights;
    };
    const [first, again, other] = [await weightsOf(7), await weightsOf(7), await weightsOf(8)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(new Set(first.map(([value = 0, next = 0]) => (value / next).toFixed(4))).size).toBe(first.length);
  });

  test.each<[string, object]>([
    ['no points', { points: 0 }],
    ['half a point', { points: 1.5 }],
    ['images that are too small', { inputShape: [15, 64, 1] }],
    ['what is no image', { inputShape: [64, 64] }],
    ['no filters', { filters: 0 }],
    ['an option that it does not have', { classes: 10 }],
  ])('refuses %s', (_, options) => {
    expect(() => keypoints(options as KeypointsOptions)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});
