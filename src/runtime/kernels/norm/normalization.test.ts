import { describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../../../core/random.ts';
import { batchNormTraining } from '../../ops/batchNormTraining.ts';
import { layerNorm } from '../../ops/layerNorm.ts';
import * as tf from '../../tf.ts';
import { beginOnWasm, cutInto, levels, readBinaries } from '../cases/binaryCases.ts';
import { installKernels, uninstallKernels } from '../install.ts';

/** Sizes of small students, all of several chunks of rows: wide, narrow, folded with a rest, odd. */
const SIZES = [
  [8000, 64],
  [36_864, 8],
  [20_001, 5],
  [1030, 130],
] as const;

const { relu, relu6 } = tf;
const activate = { relu, relu6 };
const binaryOf = readBinaries();
beginOnWasm();

function filled(rows: number, columns: number, mean: number): tf.Tensor {
  const random = seededRandom(rows + mean);
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < values.length; i++) values[i] = mean + random();
  return tf.tensor(values, [rows, columns]);
}

/** y and all gradients of a normalisation and what is behind it. */
function activated(rows: number, columns: number, apply: (...call: Parameters<typeof layerNorm>) => tf.Tensor) {
  const all = tf.tidy(() => {
    const [x, upper] = [filled(rows, columns, 3), filled(rows, columns, -0.5)];
    const [gamma, beta] = [tf.linspace(-8, 8, columns), tf.linspace(2, -1, columns)];
    const loss = tf.grads((...[value, scale, shift]) => tf.mul(apply(value as tf.Tensor, scale, shift, 1e-3), upper));
    const tensors = [apply(x, gamma, beta, 1e-3), ...loss([x, gamma, beta])];
    return tf.concat(tensors.map((tensor) => tf.reshape(tensor, [-1])));
  });
  const values = all.dataSync() as Float32Array;
  all.dispose();
  return values;
}

/** Everything that is summed over rows, and what depends on it. */
function results(rows: number, columns: number): Float32Array {
  // tidy looks for tensors in every number of an array that it is given back.
  const all = tf.tidy(() => {
    const [x, upper] = [filled(rows, columns, 3), filled(rows, columns, 0)];
    const [gamma, beta] = [tf.linspace(-1, 1, columns), tf.zeros([columns])];
    const loss = (normalise: typeof layerNorm) =>
      tf.grads((...[value, scale, shift]) => tf.mul(normalise(value as tf.Tensor, scale, shift, 1e-3), upper));
    const batch = (...call: Parameters<typeof layerNorm>) => batchNormTraining(...call).y;
    const tensors = [
      ...Object.values(batchNormTraining(x, gamma, beta, 1e-3)),
      layerNorm(x, gamma, beta, 1e-3),
      ...loss(batch)([x, gamma, beta]),
      ...loss(layerNorm)([x, gamma, beta]),
      ...[undefined, 0, 1].flatMap((axis) => [tf.sum(x, axis), tf.mean(x, axis)]),
    ];
    return tf.concat(tensors.map((tensor) => tf.reshape(tensor as tf.Tensor, [-1])));
  });
  const values = all.dataSync() as Float32Array;
  all.dispose();
  return values;
}

function wordsThatDiffer(a: Float32Array, b: Float32Array): number {
  const [left, right] = [a, b].map(({ buffer }) => new Int32Array(buffer)) as [Int32Array, Int32Array];
  let count = Math.abs(left.length - right.length);
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) count++;
  return count;
}

describe.each(levels)('normalisation on the %s binary', (level) => {
  test.each(SIZES)('of [%i, %i] gives the same bits however many threads share it', async (rows, columns) => {
    await installKernels(binaryOf(level));
    const alone = results(rows, columns);
    for (const parts of [2, 3, 7]) {
      uninstallKernels();
      vi.restoreAllMocks();
      cutInto(parts);
      await installKernels(binaryOf(level));
      expect(wordsThatDiffer(results(rows, columns), alone)).toBe(0);
    }
  });

  test.each(SIZES)('of [%i, %i] activates and masks in its own passes, to the bit', async (rows, columns) => {
    await installKernels(binaryOf(level));
    for (const activation of ['relu', 'relu6'] as const) {
      const joined = activated(rows, columns, (...call) => batchNormTraining(...call, activation).y);
      const apart = activated(rows, columns, (...call) => activate[activation](batchNormTraining(...call).y));
      const zeros = joined.subarray(0, rows * columns).filter((value) => value === 0).length;
      expect(zeros).toBeGreaterThan(rows * columns * 0.2);
      expect(zeros).toBeLessThan(rows * columns * 0.8);
      expect(wordsThatDiffer(joined, apart)).toBe(0);
    }
  });

  test('an outlier, a slope or a large mean costs no accuracy', async () => {
    await installKernels(binaryOf(level));
    const shapes: Record<string, (i: number) => number> = {
      outlier: (i) => (i === 0 ? 1e6 : Math.sin(i)),
      slope: (i) => i,
      steps: (i) => Math.floor(i / 64) * 1e4 + (i % 2),
      'large mean': (i) => 1e6 + (i % 16) / 16,
      constant: () => 12_345.678,
    };
    for (const [name, at] of Object.entries(shapes)) {
      const values = Float32Array.from({ length: 5000 }, (_, i) => at(i));
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      tf.tidy(() => {
        const column = batchNormTraining(tf.tensor(values, [5000, 1]), undefined, undefined, 1e-3);
        expect(column.mean.dataSync()[0], name).toBe(Math.fround(mean));
        expect(Math.abs((column.variance.dataSync()[0] as number) - variance), name).toBeLessThanOrEqual(
          variance * 4e-6,
        );
        const row = layerNorm(tf.tensor(values, [1, 5000]), undefined, undefined, 1e-3).dataSync();
        const scale = Math.sqrt(variance + 1e-3);
        row.forEach((y, i) => {
          const wanted = ((values[i] as number) - mean) / scale;
          expect(Math.abs(y - wanted), `${name} ${i}`).toBeLessThanOrEqual(3e-6 * Math.max(1, Math.abs(wanted)));
        });
      });
    }
  });
});

test('gradients by given statistics are those of tfjs’s cpu backend, for images and for rows', async () => {
  const wave = (shape: number[], from: number, offset = 0) =>
    tf.tensor(
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(1.7 * i + from) + offset),
      shape,
    );
  const gradients = (shape: number[]) =>
    tf.tidy(() => {
      const [channels] = shape.slice(-1) as [number];
      const given = [1, 2, 3, 4].map((from) => wave([channels], from, from === 2 ? 1.5 : 0));
      const normalized = (...[x, mean, variance, offset, scale]: tf.Tensor[]) =>
        tf.batchNorm(x as never, mean as never, variance as never, offset as never, scale as never, 1e-3);
      const all = tf.grads(normalized)([wave(shape, 0), ...given], wave(shape, 6));
      return all.map((gradient) => [...gradient.dataSync()]);
    });
  for (const shape of [
    [2, 3, 4, 5],
    [7, 3],
  ]) {
    await tf.setBackend('cpu');
    const expected = gradients(shape);
    await tf.setBackend('wasm');
    await installKernels(binaryOf('simd'));
    for (const [i, values] of gradients(shape).entries()) {
      for (const [j, value] of values.entries()) expect(value).toBeCloseTo(expected[i]?.[j] as number, 5);
    }
    uninstallKernels();
  }
});
