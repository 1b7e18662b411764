import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../core/random.ts';
import * as tf from '../../../runtime/tf.ts';
import { normalNumbers } from './normalNumbers.ts';
import { openPrivateSteps } from './privateSteps.ts';

await tf.setBackend('cpu');

const options = {
  clipNorm: 2,
  noiseMultiplier: 0,
  lots: [2, 0, 3],
  expectedLot: 4,
  noiseSeed: [1, 2, 3, 4, 5, 6, 7, 8],
};

describe('private steps', () => {
  test('clip each example’s gradient over all learning weights, and divide the sum by the expected number', () => {
    const steps = openPrivateSteps(options);
    const random = seededRandom(1);
    const blank = { a: tf.ones([2, 2]), b: tf.ones([2]) };
    expect(steps.add(blank)).toEqual([]);
    tf.dispose(blank);
    const examples = Array.from({ length: 5 }, (_, i) =>
      Array.from({ length: 6 }, () => (1 + (i % 2) * 3) * (random() - 0.5)),
    );
    const given = tf.memory().numTensors;
    const found: number[][] = [];
    for (const values of examples) {
      const gradients = { a: tf.tensor(values.slice(0, 4), [2, 2]), b: tf.tensor(values.slice(4)) };
      for (const step of steps.add(gradients)) {
        found.push([step['a'], step['b']].flatMap((tensor) => [...(tensor?.dataSync() ?? [])]));
        expect(step['a']?.shape).toEqual([2, 2]);
        tf.dispose(step);
      }
      tf.dispose(gradients);
    }
    expect(tf.memory().numTensors).toBe(given);
    const clipped = examples.map((values) => {
      const norm = Math.hypot(...values);
      return values.map((value) => value * Math.min(1, 2 / norm));
    });
    expect(examples.some((values) => Math.hypot(...values) > 2)).toBe(true);
    expect(examples.some((values) => Math.hypot(...values) < 2)).toBe(true);
    const sum = (all: number[][]) => all.reduce((one, other) => one.map((value, i) => value + (other[i] as number)));
    const expected = [sum(clipped.slice(0, 2)), [0, 0, 0, 0, 0, 0], sum(clipped.slice(2))];
    expect(found).toHaveLength(3);
    found.forEach((step, i) => {
      step.forEach((value, at) => {
        expect(value).toBeCloseTo((expected[i]?.[at] as number) / 4, 6);
      });
    });
  });

  test('add noise with standard deviation σ·C, divided by the expected number, also in a step without examples', () => {
    const size = 40_000;
    const steps = openPrivateSteps({ ...options, noiseMultiplier: 1.5, lots: [1, 0] });
    const zeros = { a: tf.zeros([size]) };
    const made = [...steps.add(zeros), ...steps.add(zeros)];
    const noise = made.map((step) => [...(step['a']?.dataSync() ?? [])]);
    tf.dispose([zeros, ...made]);
    expect(noise).toHaveLength(2);
    for (const values of noise) {
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / size);
      // σ·C ÷ L = 0.75; four standard errors of 40,000 draws are 0.011.
      expect(Math.abs(deviation - 0.75)).toBeLessThan(0.011);
      expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / size)).toBeLessThan(0.015);
    }
    const product = noise[0]?.reduce((sum, value, i) => sum + value * (noise[1]?.[i] as number), 0) ?? 1;
    expect(Math.abs(product / size)).toBeLessThan(4 * (0.75 ** 2 / Math.sqrt(size)));
  });

  test('one example changes a sum by at most the clip norm, and by the same amount whatever the other examples and the order', () => {
    const random = seededRandom(5);
    const size = 300;
    // Float32 values whose squares a sum rounds, some far longer than others.
    const examples = Array.from({ length: 12 }, (_, i) =>
      Float32Array.from({ length: size }, () => 10 ** (i - 6) * (random() - 0.5)),
    );
    const clipNorm = 0.3;
    const sumOf = (chosen: readonly (Float32Array | undefined)[]) => {
      const one = { ...options, clipNorm, lots: [chosen.length], expectedLot: 1 };
      const steps = openPrivateSteps(one);
      const found: number[][] = [];
      for (const values of [new Float32Array(size), ...chosen]) {
        const gradients = { a: tf.tensor(values as Float32Array) };
        const made = steps.add(gradients);
        for (const step of made) found.push([...(step['a']?.dataSync() ?? [])]);
        tf.dispose([gradients, made] as never);
      }
      return found.at(-1) as number[];
    };
    expect(sumOf(examples)).toEqual(sumOf([...examples].reverse()));
    // By itself it is the float32 nearest to whole multiples of the unit.
    const unit = 2 ** -2 * 2 ** -36;
    for (const example of examples) {
      const alone = sumOf([example]);
      expect(Math.hypot(...alone)).toBeLessThanOrEqual(clipNorm);
      const norm = Math.hypot(...example);
      const scale = Math.min(1, (clipNorm * (1 - 2 ** -24)) / norm);
      expect(alone).toEqual([...example].map((value) => Math.fround(unit * Math.round((value * scale) / unit))));
    }
  });

  test('what a step reveals lies on a grid far coarser than its last bits', () => {
    const [size, noiseMultiplier] = [5000, 1.5];
    // The deviation is 3; the largest power of two in it, 2.
    const grid = 2 / 1024;
    for (const value of [0, 1e-3, 0.0123456]) {
      const steps = openPrivateSteps({ ...options, noiseMultiplier, lots: [1], expectedLot: 1 });
      const gradients = { a: tf.fill([size], value) };
      const made = [...steps.add(gradients), ...steps.add(gradients)];
      const points = [...(made[0]?.['a']?.dataSync() ?? [])].map((shown) => shown / grid);
      tf.dispose([gradients, made] as never);
      expect(points).toHaveLength(size);
      expect(points.every(Number.isInteger)).toBe(true);
      // Odd and even alike: no pattern tells the sum.
      const odd = points.filter((point) => Math.abs(point % 2) === 1).length;
      expect(Math.abs(odd / size - 0.5)).toBeLessThan(4 * (0.5 / Math.sqrt(size)));
    }
  });

  test('a gradient that is not finite is reported, not hidden by clipping', () => {
    const gradients = { a: tf.tensor([1, Number.POSITIVE_INFINITY]) };
    const steps = openPrivateSteps(options);
    steps.add(gradients);
    expect(() => steps.add(gradients)).toThrow(expect.objectContaining({ code: 'not-finite' }));
    gradients.a.dispose();
  });
});

test('steps without examples count, and get their noise too', () => {
  const steps = openPrivateSteps({ ...options, noiseMultiplier: 1, lots: [0, 0, 0] });
  const blank = { a: tf.tensor([1, Number.NaN, 3]) };
  const made = steps.add(blank);
  const shown = made.map((step) => [...(step['a']?.dataSync() ?? [])]);
  tf.dispose([blank, made] as never);
  expect(shown).toHaveLength(3);
  expect(new Set(shown.flat()).size).toBe(9);
  expect(shown.flat().every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
});

describe('normal numbers', () => {
  test('have the quantiles of the normal distribution', () => {
    const normal = normalNumbers([7, 8, 9, 10, 11, 12, 13, 14]);
    const count = 200_000;
    const values = Float64Array.from({ length: count }, normal);
    // Published quantiles of the standard normal distribution.
    for (const [limit, below] of [
      [-2.326348, 0.01],
      [-1.281552, 0.1],
      [0, 0.5],
      [0.67449, 0.75],
      [1.959964, 0.975],
      [3.090232, 0.999],
    ] as const) {
      const share = values.filter((value) => value < limit).length / count;
      expect(Math.abs(share - below)).toBeLessThan(4.5 * Math.sqrt((below * (1 - below)) / count));
    }
  });

  test('depend only on the seed, which may be all zeros', () => {
    const take = (seed: number[]) => Array.from({ length: 5 }, normalNumbers(seed));
    const key = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(take(key)).toEqual(take(key));
    expect(take(key)).not.toEqual(take([...key.slice(0, 7), 9]));
    expect(new Set(take(new Array(8).fill(0))).size).toBe(5);
  });
});
