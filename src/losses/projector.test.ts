import { beforeAll, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { featuresOf, project, projectorParameters } from './projector.ts';

beforeAll(() => tf.setBackend('cpu'));

test('a projector asks for a kernel and a bias, named where there are several', () => {
  expect(projectorParameters(3, 5)).toEqual({
    kernel: { shape: [3, 5], initial: 'glorot-uniform' },
    bias: { shape: [5], initial: 0 },
  });
  expect(Object.keys(projectorParameters(3, 5, 'query'))).toEqual(['queryKernel', 'queryBias']);
});

test.each([[[2, 3]], [[2, 4, 3]], [[2, 4, 6, 3]]])('maps the last axis of %j as a 1×1 convolution does', (shape) => {
  tf.tidy(() => {
    const [values, kernel, bias] = [tf.randomNormal(shape), tf.randomNormal<tf.Rank.R2>([3, 5]), tf.randomNormal([5])];
    const parameters = { queryKernel: kernel, queryBias: bias };
    const mapped = project(tf, { student: {}, teacher: {}, parameters }, values, 'query');
    expect(mapped.shape).toEqual([...shape.slice(0, -1), 5]);
    const maps = tf.reshape(values, [2, -1, 1, 3]) as tf.Tensor4D;
    const expected = tf
      .add(tf.conv2d(maps, tf.reshape(kernel, [1, 1, 3, 5]) as tf.Tensor4D, 1, 'valid'), bias)
      .dataSync();
    mapped.dataSync().forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 5);
    });
  });
});

test('a free number of features is refused, and named', () => {
  expect(featuresOf([null, 4], 'it')).toBe(4);
  for (const shape of [[4, null], [], undefined]) {
    expect(() => featuresOf(shape, 'the student\'s "a"')).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining('the student\'s "a"') }),
    );
  }
});
