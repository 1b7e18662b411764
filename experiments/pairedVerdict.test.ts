import { describe, expect, test } from 'vitest';
import { seededRandom } from '../src/core/random.ts';
import { pairedVerdict } from './pairedVerdict.mjs';

const row = (...accuracies: number[]) => ({ seeds: accuracies.map((_, i) => i + 1), accuracies });

describe('pairedVerdict', () => {
  test('is the paired t-test by hand', () => {
    // Differences 0.01, 0.02, 0.03: mean 0.02, deviation 0.01, t(2) = 4.303.
    const { gain, margin, verdict } = pairedVerdict(row(0.91, 0.82, 0.73), row(0.9, 0.8, 0.7), 2000);
    expect(gain).toBeCloseTo(0.02, 12);
    expect(margin).toBeCloseTo((4.303 * 0.01) / Math.sqrt(3), 12);
    expect(verdict).toBe('not shown');
  });

  test('sees a small gain in each seed where the seeds themselves lie far apart', () => {
    expect(pairedVerdict(row(0.91, 0.809, 0.711), row(0.9, 0.8, 0.7), 2000).verdict).toBe('better');
    expect(pairedVerdict(row(0.9, 0.8, 0.7), row(0.91, 0.809, 0.711), 2000).verdict).toBe('worse');
  });

  test('a gain below the spread of its seeds is not shown', () => {
    // Called better by less than its spread once: 96.1 ± 1.2 beside 95.2 ± 0.7.
    expect(pairedVerdict(row(0.947, 0.961, 0.975), row(0.944, 0.9555, 0.9555), 2000).verdict).toBe('not shown');
  });

  test('pairs by seed, not by place, and only what both have', () => {
    const one = { seeds: [3, 1, 2], accuracies: [0.71, 0.91, 0.81] };
    const other = { seeds: [1, 2, 3, 4], accuracies: [0.9, 0.8, 0.7, 0.1] };
    expect(pairedVerdict(one, other, 2000)).toMatchObject({ gain: expect.closeTo(0.01, 12), verdict: 'better' });
  });

  test.each([
    ['one seed', row(0.99), row(0.5)],
    ['no seed in common', { seeds: [1, 2], accuracies: [0.9, 0.9] }, { seeds: [3, 4], accuracies: [0.1, 0.1] }],
    ['two digits more, in each of three seeds', row(0.901, 0.801, 0.701), row(0.9, 0.8, 0.7)],
  ])('%s shows nothing', (_, one, other) => {
    expect(pairedVerdict(one, other, 2000).verdict).toBe('not shown');
  });

  test.each([3, 5])('calls about 5 %% of %i seeds of pure chance better or worse', (seeds) => {
    const random = seededRandom(7);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const draw = () => row(...Array.from({ length: seeds }, () => 0.9 + 0.01 * normal()));
    const trials = 4000;
    const called = Array.from({ length: trials }, () => pairedVerdict(draw(), draw(), 2000).verdict);
    // Of 4,000 at 5 %, a share deviates by 0.35 % from run to run.
    expect(called.filter((verdict) => verdict !== 'not shown').length / trials).toBeCloseTo(0.05, 1.5);
  });
});
