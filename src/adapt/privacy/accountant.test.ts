import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { type NoiseForOptions, noiseFor, type PrivacySpentOptions, privacySpent } from './accountant.ts';
import { logErfc } from './logErfc.ts';

const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const tenths = from(1, 99).map((x) => 1 + x / 10);

/** The orders that other accountants try. */
const ORDERS = {
  tfPrivacy: [1.25, 1.5, 1.75, 2, 2.25, 2.5, 3, 3.5, 4, 4.5, ...from(5, 63), 128, 256, 512],
  opacus: [...tenths, ...from(12, 63)],
  dpAccounting: [...tenths, ...from(11, 63), 128, 256, 512, 1024],
  fine: from(1001, 99_999).map((x) => x / 1000),
};

describe('what others publish', () => {
  // tensorflow/privacy, compute_dp_sgd_privacy_test.py: examples, batch, noise, epochs, δ; ε, order.
  test.each([
    [60_000, 150, 1.3, 15, 1e-5, 0.7242234026109595, 19],
    [100_000, 100, 1, 30, 1e-7, 1.4154988495444845, 13],
    [100_000_000, 1024, 0.1, 10, 1e-7, 5907982.31138195, 1.25],
  ])('TensorFlow Privacy: %d examples, batches of %d, noise %d', (examples, batch, noise, epochs, delta, eps, best) => {
    const { epsilon, order } = privacySpent({
      noiseMultiplier: noise,
      sampleFraction: batch / examples,
      steps: Math.ceil((epochs * examples) / batch),
      delta,
      orders: ORDERS.tfPrivacy,
    });
    expect(epsilon / eps).toBeCloseTo(1, 10);
    expect(order).toBe(best);
  });

  // The same file, with the default orders of google/differential-privacy, dp_accounting: noise 0.7, δ = 1e-5.
  test.each([
    ['without sampling', 1, 2, 10.8602036],
    ['with sampling', 0.01, 120, 3.2391922],
  ])('TensorFlow Privacy, one example, %s', (_, sampleFraction, steps, expected) => {
    const options = { noiseMultiplier: 0.7, sampleFraction, steps, delta: 1e-5 };
    expect(privacySpent({ ...options, orders: ORDERS.dpAccounting }).epsilon).toBeCloseTo(expected, 6);
    expect(privacySpent(options).epsilon).toBeLessThanOrEqual(expected + 5e-8);
  });

  // pytorch/opacus, accountants_test.py, test_rdp_accountant.
  test('Opacus: noise 1.5, a fraction of 0.04, 90 epochs', () => {
    const options = { noiseMultiplier: 1.5, sampleFraction: 0.04, steps: 2250, delta: 1e-5 };
    expect(privacySpent({ ...options, orders: ORDERS.opacus }).epsilon).toBeCloseTo(7.32911117143, 8);
  });

  // The same file; its search ends within 0.01 of ε, so it finds a little more noise than is needed.
  test.each([
    [2250, 1.416],
    [2000, 1.3562],
  ])('Opacus: noise for ε = 8 over %d steps', (steps, published) => {
    const noise = noiseFor({ epsilon: 8, delta: 1e-5, sampleFraction: 0.04, steps, orders: ORDERS.opacus });
    expect(noise).toBeLessThanOrEqual(published + 5e-5);
    expect(noise).toBeGreaterThan(published - 1e-3);
  });

  // google/differential-privacy, rdp_privacy_accountant_test.py: noise chosen for exactly (1, 1e-6).
  test('dp_accounting: one Gaussian for ε = 1', () => {
    const options = { noiseMultiplier: 4.530877117, sampleFraction: 1, steps: 1, delta: 1e-6 };
    expect(privacySpent({ ...options, orders: ORDERS.fine }).epsilon).toBeCloseTo(1, 7);
  });
});

describe('privacySpent', () => {
  test('is above what Gaussian noise without sampling spends exactly, and not far', () => {
    for (const [noiseMultiplier, steps, delta] of [
      [1, 1, 1e-5],
      [20, 100, 1e-3],
      [5, 7, 1e-9],
    ] as const) {
      const { epsilon } = privacySpent({ noiseMultiplier, sampleFraction: 1, steps, delta });
      const exact = exactDelta(noiseMultiplier / Math.sqrt(steps), epsilon);
      expect(exact).toBeLessThanOrEqual(delta);
      expect(exactDelta(noiseMultiplier / Math.sqrt(steps), epsilon * 0.8)).toBeGreaterThan(delta);
    }
  });

  test('is above what 16 steps on sampled batches spend at least, and not far', () => {
    for (const [noiseMultiplier, sampleFraction, delta] of [
      [1, 0.1, 1e-5],
      [0.7, 0.02, 1e-6],
      [2, 0.5, 1e-4],
    ] as const) {
      const { epsilon } = privacySpent({ noiseMultiplier, sampleFraction, steps: 16, delta });
      const deltaAt = leastDelta(noiseMultiplier, sampleFraction);
      expect(deltaAt(epsilon)).toBeLessThanOrEqual(delta);
      expect(deltaAt(epsilon * 0.75)).toBeGreaterThan(delta);
    }
  });

  test('spends nothing before the first step, and nothing where noise hides all', () => {
    const options = { noiseMultiplier: 1, sampleFraction: 0.1, steps: 0, delta: 1e-5 };
    expect(privacySpent(options).epsilon).toBe(0);
    expect(privacySpent({ ...options, steps: 1, noiseMultiplier: 1e9 }).epsilon).toBe(0);
  });

  test('grows with steps and fraction, falls with noise and δ', () => {
    const options: PrivacySpentOptions = { noiseMultiplier: 1.1, sampleFraction: 0.05, steps: 100, delta: 1e-4 };
    const { epsilon } = privacySpent(options);
    expect(privacySpent({ ...options, steps: 101 }).epsilon).toBeGreaterThan(epsilon);
    expect(privacySpent({ ...options, sampleFraction: 0.051 }).epsilon).toBeGreaterThan(epsilon);
    expect(privacySpent({ ...options, noiseMultiplier: 1.11 }).epsilon).toBeLessThan(epsilon);
    expect(privacySpent({ ...options, delta: 1.1e-4 }).epsilon).toBeLessThan(epsilon);
    expect(privacySpent({ ...options, orders: [20] })).toMatchObject({ order: 20 });
    expect(privacySpent({ ...options, orders: [20] }).epsilon).toBeGreaterThan(epsilon);
  });
});

describe('noiseFor', () => {
  test('is enough, and hardly more than enough', () => {
    for (const epsilon of [0.05, 1, 8, 300]) {
      for (const sampleFraction of [0.001, 0.2, 1]) {
        const options = { sampleFraction, steps: 200, delta: 1e-5 };
        const noiseMultiplier = noiseFor({ ...options, epsilon });
        expect(privacySpent({ ...options, noiseMultiplier }).epsilon).toBeLessThanOrEqual(epsilon);
        const less = noiseMultiplier * (1 - 2e-6);
        expect(privacySpent({ ...options, noiseMultiplier: less }).epsilon).toBeGreaterThan(epsilon);
      }
    }
  });

  test('says what cannot be reached', () => {
    const options = { sampleFraction: 1, steps: 1, delta: 1e-9 };
    expect(messageOf(() => noiseFor({ ...options, epsilon: 1e-6 }))).toMatch(/more noise than 1000000; give a larger/);
    expect(messageOf(() => noiseFor({ ...options, epsilon: 1e9 }))).toMatch(/less noise than 0.001; give a smaller/);
  });
});

describe('bad input', () => {
  const spent = { noiseMultiplier: 1, sampleFraction: 0.1, steps: 10, delta: 1e-5 };
  const sought = { epsilon: 1, sampleFraction: 0.1, steps: 10, delta: 1e-5 };

  test.each<[string, object]>([
    ['a fraction of 0', { sampleFraction: 0 }],
    ['a fraction above 1', { sampleFraction: 1.1 }],
    ['a fraction that is no number', { sampleFraction: Number.NaN }],
    ['half a step', { steps: 0.5 }],
    ['fewer steps than none', { steps: -1 }],
    ['a δ of 0', { delta: 0 }],
    ['a δ of 1', { delta: 1 }],
    ['no orders', { orders: [] }],
    ['an order of 1', { orders: [2, 1] }],
    ['an endless order', { orders: [Number.POSITIVE_INFINITY] }],
    ['orders that are no list', { orders: 4 }],
    ['an option that there is not', { samplingRate: 0.1 }],
  ])('%s is refused by both', (_, bad) => {
    expect(codeOf(() => privacySpent({ ...spent, ...bad }))).toBe('invalid-option');
    expect(codeOf(() => noiseFor({ ...sought, ...bad } as NoiseForOptions))).toBe('invalid-option');
  });

  test('so are no noise, no ε, and noise for no step', () => {
    expect(codeOf(() => privacySpent({ ...spent, noiseMultiplier: 0 }))).toBe('invalid-option');
    expect(codeOf(() => privacySpent({ ...spent, noiseMultiplier: Number.POSITIVE_INFINITY }))).toBe('invalid-option');
    expect(codeOf(() => noiseFor({ ...sought, epsilon: 0 }))).toBe('invalid-option');
    expect(codeOf(() => noiseFor({ ...sought, steps: 0 }))).toBe('invalid-option');
  });
});

/** The exact δ of one Gaussian (Balle and Wang 2018, Theorem 8, arXiv:1805.06530). */
function exactDelta(sigma: number, epsilon: number): number {
  const logHalf = (x: number) => logErfc(x / Math.SQRT2) - Math.LN2;
  const [far, near] = [epsilon * sigma + 0.5 / sigma, epsilon * sigma - 0.5 / sigma];
  return Math.exp(logHalf(near)) - Math.exp(epsilon + logHalf(far));
}

/**
 * A δ that 16 steps exceed for each ε: the distribution of a step's privacy loss on a grid, rounded down and cut above,
 * convolved with itself four times.
 */
function leastDelta(sigma: number, q: number): (epsilon: number) => number {
  const [grid, dz] = [0.004, sigma / 2000];
  const lowest = Math.floor(Math.log1p(-q) / grid);
  let losses = new Float64Array(2500);
  for (let z = -8 * sigma; z < 1 + 8 * sigma; z += dz) {
    const plain = Math.exp((-z * z) / (2 * sigma * sigma)) / (sigma * Math.sqrt(2 * Math.PI));
    const ratio = 1 - q + q * Math.exp((2 * z - 1) / (2 * sigma * sigma));
    const at = Math.floor(Math.log(ratio) / grid) - lowest;
    if (at < losses.length) losses[at] = (losses[at] as number) + plain * ratio * dz;
  }
  for (let doubling = 0; doubling < 4; doubling++) {
    const sums = new Float64Array(losses.length * 1.5);
    for (const [i, one] of losses.entries()) {
      if (one < 1e-15) continue;
      const end = Math.min(losses.length, sums.length - i);
      for (let j = 0; j < end; j++) sums[i + j] = (sums[i + j] as number) + one * (losses[j] as number);
    }
    losses = sums;
  }
  const lossAt = (at: number) => (at + 16 * lowest) * grid;
  return (epsilon) => losses.reduce((sum, p, at) => sum + p * Math.max(0, -Math.expm1(epsilon - lossAt(at))), 0);
}

function thrownBy(work: () => unknown): LimbeckError {
  try {
    work();
  } catch (error) {
    if (error instanceof LimbeckError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const codeOf = (work: () => unknown) => thrownBy(work).code;
const messageOf = (work: () => unknown) => thrownBy(work).message;
