import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Loss, LossShapes } from '../losses/loss.ts';
import type { OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import * as tf from '../runtime/tf.ts';
import { channelsLastShapes, openLoss } from './openLoss.ts';

let backend: OpenBackend;
beforeAll(async () => {
  backend = await openBackendHere({ backend: 'cpu' });
});
afterAll(() => backend.dispose());

const shapes: LossShapes = { student: { maps: [4, 5, 2] }, teacher: { taps: [4, 5, 3] }, batchSize: 8, examples: 80 };

const regressed: Loss = {
  name: 'regressed',
  options: {},
  reads: { student: ['maps'], teacher: ['taps'], labels: false },
  parameters: ({ student, teacher }) => ({
    kernel: { shape: [student['maps']?.at(-1) ?? 0, teacher['taps']?.at(-1) ?? 0], initial: 'glorot-uniform' },
    bias: { shape: [3], initial: 0.5 },
    memory: { shape: [2], initial: 0, isTrained: false },
  }),
  compute: (tfjs, { teacher, parameters }) =>
    tfjs.add(tfjs.sum(teacher['taps'] as tf.Tensor), tfjs.sum(parameters?.['bias'] as tf.Tensor)) as tf.Scalar,
};

describe('openLoss', () => {
  test('makes what the loss needs from the seed, and frees it', () => {
    const before = tf.memory().numTensors;
    const open = (seed: number) => {
      using loss = openLoss(regressed, { shapes, seed });
      expect(loss.variables.map(({ shape, trainable }) => [shape, trainable])).toEqual([
        [[2, 3], true],
        [[3], true],
      ]);
      return Array.from(loss.variables[0]?.dataSync() ?? []);
    };
    const kernel = open(1);
    expect(open(1)).toEqual(kernel);
    expect(open(2)).not.toEqual(kernel);
    // Glorot: within √(6 / (2 + 3)), and not all alike.
    expect(kernel.every((weight) => Math.abs(weight) <= Math.sqrt(6 / 5))).toBe(true);
    expect(new Set(kernel).size).toBe(6);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('shows the teacher’s maps as the student’s', () => {
    const seen: number[][] = [];
    const looking: Loss = {
      ...regressed,
      compute: (tfjs, { teacher }) => {
        const taps = teacher['taps'] as tf.Tensor4D;
        seen.push(taps.shape, Array.from(taps.slice([0, 1, 1, 0], [1, 1, 1, 3]).dataSync()));
        return tfjs.sum(taps) as tf.Scalar;
      },
    };
    using loss = openLoss(looking, { shapes, channelsFirst: ['taps'], seed: 1 });
    tf.tidy(() => {
      const taps = tf.range(0, 2 * 3 * 4 * 5).reshape([2, 3, 4, 5]);
      loss.compute(tf, { student: {}, teacher: { taps } });
    });
    // Channel c at row 1, column 1 of the first example: 20 c + 6.
    expect(seen).toEqual([
      [2, 4, 5, 3],
      [6, 26, 46],
    ]);
    expect(channelsLastShapes({ taps: [3, 4, 5], logits: [7] }, ['taps'])).toEqual({ taps: [4, 5, 3], logits: [7] });
  });

  test('lets the loss refuse', () => {
    const strict: Loss = {
      ...regressed,
      check: ({ batchSize }) => {
        throw new Error(`refused at ${batchSize}`);
      },
    };
    expect(() => openLoss(strict, { shapes, seed: 0 })).toThrow('refused at 8');
  });
});
