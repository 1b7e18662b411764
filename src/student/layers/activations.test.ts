import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { registerActivations } from './activations.ts';

const { classNameMap } = tf.serialization.SerializationMap.getMap();
const GELU = ['gelu', 'gelu_new'];
const ofTfjs = GELU.map((name) => [name, classNameMap[name]] as const);

const apply = (name: string) =>
  tf.tidy(
    () => tf.layers.activation({ activation: name as never }).apply(tf.tensor2d([[-2, -0.5, 0, 1, 3]])) as tf.Tensor,
  );

describe('registerActivations', () => {
  beforeAll(() => tf.setBackend('cpu'));
  afterEach(() => {
    for (const [name, entry] of ofTfjs) classNameMap[name] = entry as (typeof classNameMap)[string];
    for (const name of ['geluNew', 'hardSwish']) delete classNameMap[name];
  });

  test('leaves what tfjs has, and adds what it lacks, once', () => {
    registerActivations();
    const [added] = classNameMap['geluNew'] ?? [];
    registerActivations();
    expect(GELU.map((name) => classNameMap[name])).toEqual(ofTfjs.map(([, entry]) => entry));
    expect(classNameMap['geluNew']?.[0]).toBe(added);
    expect(apply('hardSwish').arraySync()).toEqual([
      [expect.closeTo(-1 / 3), expect.closeTo(-5 / 24), 0, expect.closeTo(2 / 3), 3],
    ]);
  });

  test('an older tfjs, without GELU, gets one that computes the same', () => {
    registerActivations();
    const names = [...GELU, 'geluNew'];
    const expected = names.map((name) => apply(name).dataSync());
    for (const name of names) delete classNameMap[name];
    registerActivations();
    for (const [i, name] of names.entries()) {
      expect(classNameMap[name]?.[0].className).toBe(name);
      for (const [k, value] of apply(name).dataSync().entries())
        expect(value).toBeCloseTo(expected[i]?.[k] as number, 6);
    }
  });
});
