import { describe, expect, test } from 'vitest';
import { logErfc } from './logErfc.ts';
import { sampledGaussianDivergence } from './sampledGaussian.ts';

const SETTINGS = [
  [1e-7, 0.1, 1.01],
  [1e-6, 0.1, 256],
  [1e-5, 0.1, 256.1],
  [1e-6, 1, 27],
  [1e-4, 1, 1.5],
  [1e-3, 1, 2],
  [0.01, 2.5, 1.5],
  [0.01, 2.5, 2.5],
  [0.01, 10, 20],
  [0.064, 1.1, 3.7],
  [0.1, 100, 20.5],
  [0.5, 0.7, 1.1],
  [0.5, 30, 1.1],
  [0.5, 4, 10.9],
  [0.9, 1, 63.5],
  [0.99, 0.1, 256],
  [0.999, 100, 256.1],
] as const;

describe('the divergence of one step', () => {
  // The ten settings of dp_accounting's rdp_privacy_accountant_test.py are among these; it integrates too.
  test.each(SETTINGS)('is the integral for q = %d, σ = %d, α = %d', (q, sigma, order) => {
    const expected = integrated(q, sigma, order, 'to the sampled');
    const actual = sampledGaussianDivergence(q, sigma, order);
    expect(Math.abs(actual - expected)).toBeLessThan(1e-9 * expected + 1e-14 / (order - 1));
  });

  test.each(SETTINGS)('is no smaller than that the other way for q = %d, σ = %d, α = %d', (q, sigma, order) => {
    const other = integrated(q, sigma, order, 'from the sampled');
    expect(other).toBeLessThan(sampledGaussianDivergence(q, sigma, order) * (1 + 1e-9) + 1e-14 / (order - 1));
  });

  test('is α / 2σ² where every example is taken', () => {
    for (const [sigma, order] of [
      [10, 20],
      [0.7, 1.5],
      [4.5, 256],
    ] as const) {
      expect(sampledGaussianDivergence(1, sigma, order)).toBeCloseTo(order / (2 * sigma ** 2), 12);
      // Beside it, where nearly every one is.
      expect(sampledGaussianDivergence(1 - 1e-9, sigma, order) * 2 * sigma ** 2).toBeCloseTo(order, 5);
    }
  });

  test('is nearly q² α (e^(1/σ²) − 1) / 2 where few examples are taken, with all digits', () => {
    for (const q of [1e-3, 1e-5, 1e-8]) {
      const expected = (q * q * 2 * Math.expm1(1 / 4)) / 2;
      expect(sampledGaussianDivergence(q, 2, 2) / expected - 1).toBeCloseTo(0, 6);
    }
  });

  test('grows with the order without a step where whole orders take another way', () => {
    for (const [q, sigma] of [
      [0.01, 1],
      [0.5, 0.3],
      [0.9, 20],
    ] as const) {
      for (const order of [2, 3, 8, 30]) {
        const [before, at, after] = [-1e-7, 0, 1e-7].map((step) => sampledGaussianDivergence(q, sigma, order + step));
        expect(before).toBeLessThan(at as number);
        expect(after).toBeGreaterThan(at as number);
        expect((after as number) / (before as number) - 1).toBeLessThan(1e-5);
      }
    }
  });

  test('is a finite number for every setting that one may ask for', () => {
    for (const q of [1e-9, 1e-4, 0.3, 0.5, 0.7, 1 - 1e-9]) {
      for (const sigma of [1e-3, 0.05, 1, 40, 1e6]) {
        for (const order of [1.001, 1.1, 2, 2.000001, 10.9, 63.999, 512.5, 1024]) {
          const divergence = sampledGaussianDivergence(q, sigma, order);
          expect(divergence >= 0 && divergence < Number.POSITIVE_INFINITY, `${q} ${sigma} ${order}`).toBe(true);
          expect(divergence).toBeLessThanOrEqual((order / (2 * sigma ** 2)) * (1 + 1e-12) + 1e-11);
        }
      }
    }
  });
});

describe('logErfc', () => {
  test.each([-30, -5, -2, -1, -0.1, 0, 0.3, 0.9, 1.5, 1.999, 2, 2.001, 3, 7, 30, 100, 1e4])(
    'is the integral at %d',
    (x) => {
      const actual = logErfc(x);
      const expected = x < 0 ? Math.log(2 - Math.exp(integratedLogErfc(-x))) : integratedLogErfc(x);
      expect(Math.abs(actual - expected)).toBeLessThan(1e-13 * Math.max(1, Math.abs(expected)));
    },
  );

  // Abramowitz and Stegun 1964, table 7.1.
  test.each([
    [0.5, 0.5204998778],
    [1, 0.8427007929],
    [2, 0.995322265],
  ])('gives the published erf(%d)', (x, erf) => {
    expect(1 - Math.exp(logErfc(x))).toBeCloseTo(erf, 9);
  });
});

/** log ∫ P^α Q^(1 − α) / (α − 1) by the trapezoidal rule, of (1 − q) N(0, σ²) + q N(1, σ²) and N(0, σ²). */
function integrated(q: number, sigma: number, order: number, way: 'to the sampled' | 'from the sampled'): number {
  const power = way === 'to the sampled' ? order : 1 - order;
  const step = sigma / 40;
  const [from, to] = [-14 * sigma - Math.max(0, -power), 14 * sigma + Math.max(1, power)];
  const logs: number[] = [];
  for (let z = from; z < to; z += step) {
    const [plain, shifted] = [Math.log1p(-q), Math.log(q) + (2 * z - 1) / (2 * sigma * sigma)];
    const larger = Math.max(plain, shifted);
    const logRatio = larger + Math.log1p(Math.exp(-Math.abs(plain - shifted)));
    logs.push(power * logRatio - (z * z) / (2 * sigma * sigma));
  }
  const largest = logs.reduce((a, b) => Math.max(a, b));
  const sum = logs.reduce((total, log) => total + Math.exp(log - largest), 0);
  return (largest + Math.log((sum * step) / (sigma * Math.sqrt(2 * Math.PI)))) / (order - 1);
}

/** log erfc for x ≥ 0: −x² + log of 2/√π ∫ e^(−2xu − u²) du from 0, by Simpson's rule. */
function integratedLogErfc(x: number): number {
  const to = 40 / (2 * x + 6.4);
  const pieces = 20_000;
  const h = to / pieces;
  let sum = 0;
  for (let i = 0; i <= pieces; i++) {
    const u = i * h;
    const weight = i === 0 || i === pieces ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-2 * x * u - u * u);
  }
  return -x * x + Math.log(((2 / Math.sqrt(Math.PI)) * sum * h) / 3);
}
