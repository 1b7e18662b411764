// Plain arithmetic for the references of losses on pairs. Only tests import this file.
import { beforeAll, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import type { Loss } from '../loss.ts';

export function distance(a: readonly number[], b: readonly number[]): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0));
}

/** Softmax of plain numbers. */
export function plainSoftmax(row: readonly number[]): number[] {
  const most = Math.max(...row);
  const raised = row.map((value) => Math.exp(value - most));
  const sum = raised.reduce((a, b) => a + b, 0);
  return raised.map((value) => value / sum);
}

/** Half a square up to 1, straight beyond. */
export function plainSmoothL1(difference: number): number {
  return Math.abs(difference) < 1 ? difference ** 2 / 2 : Math.abs(difference) - 0.5;
}

/** Registers the tests that losses on pairs owe beside the contract. */
export function checkPairLoss(make: () => Loss, parameters: Readonly<Record<string, readonly number[]>> = {}): void {
  beforeAll(() => tf.setBackend('cpu'));
  const made = (): Record<string, tf.Tensor> =>
    Object.fromEntries(
      Object.entries(parameters).map(([name, shape]) => [name, tf.randomNormal([...shape], 0, 1, 'float32', 7)]),
    );
  const evaluated = (student: tf.Tensor, teacher: tf.Tensor) => {
    const held = made();
    const { value, grad } = tf.valueAndGrad((of: tf.Tensor) =>
      make().compute(tf, { student: { logits: of }, teacher: { logits: teacher }, parameters: held }),
    )(student, tf.scalar(1));
    return { value: value.dataSync()[0] as number, slopes: Array.from(grad.dataSync()) };
  };

  test('is 0 and flat for a batch of one', () => {
    const { value, slopes } = evaluated(tf.tensor2d([[1, -2, 3, 0.5]]), tf.tensor2d([[4, 1, -2, 0.1, 3, 1]]));
    expect(value).toBeCloseTo(0, 6);
    for (const slope of slopes) expect(slope).toBeCloseTo(0, 6);
  });

  test('stays finite where examples are equal', () => {
    const student = tf.tensor2d([1, -2, 3, 0.5, 1, -2, 3, 0.5, 2, 2, 2, 2, 0, 0, 0, 0], [4, 4]);
    const teacher = tf.tensor2d([...Array(18).fill(0.3), 4, 1, -2, 0.1, 3, 1], [4, 6]);
    for (const at of [student, tf.onesLike(student), tf.zerosLike(student)]) {
      const { value, slopes } = evaluated(at, teacher);
      expect([value, ...slopes].every(Number.isFinite)).toBe(true);
    }
  });

  test('refuses batches of one before it starts', () => {
    const shapes = { student: { logits: [4] }, teacher: { logits: [6] }, examples: 100 };
    expect(() => make().check?.({ ...shapes, batchSize: 1 })).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('batchSize') }),
    );
    make().check?.({ ...shapes, batchSize: 64 });
  });
}

/** Registers the test that a teacher whose relations are the student's own is nearer to it than noise is. */
export function checkTellsNoise(make: () => Loss): void {
  test('tells noise from a teacher, of another size than the student', () => {
    const student = tf.randomNormal([16, 4], 0, 1, 'float32', 1);
    const noise = tf.randomNormal([16, 8], 0, 1, 'float32', 2);
    const valueFor = (teacher: tf.Tensor) =>
      make()
        .compute(tf, { student: { logits: student }, teacher: { logits: teacher } })
        .dataSync()[0] as number;
    const alike = tf.concat([student, tf.mul(student, 0.5)], 1);
    expect(valueFor(noise)).toBeGreaterThan(1e-3);
    expect(valueFor(alike)).toBeLessThan(0.5 * valueFor(noise));
  });
}
