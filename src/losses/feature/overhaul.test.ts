import { describe, expect, test } from 'vitest';
import { checkFeatureLoss, flat, plainPair, range, shapesFor, turned, unchanged } from '../cases/featureCases.ts';
import { checkLoss } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import { type OverhaulOptions, overhaul, overhaulMargins } from './overhaul.ts';

const output = 'block';
type Options = OverhaulOptions & Required<Pick<OverhaulOptions, 'margin'>>;

checkUse(overhaul, {
  ...onMaps,
  options: { ...onMaps.options, projector: 'none' },
  mismatches: [[{ a: [6, 6, 5] }, {}, {}, /Use projector: 'linear'/]],
  replayed: [{ projector: 'linear' }],
  weight: { of: 'maps', options: { projector: 'linear' } },
});

describe('overhaul', () => {
  checkLoss<Options>(overhaul, {
    golden: 'overhaul',
    reference(inputs, { margin }) {
      const [student, teacher] = plainPair(inputs, { output }, true);
      const channels = turned(teacher.flat());
      const margins = channels.map((values, c) => {
        if (margin !== 'batch') return typeof margin === 'number' ? margin : (margin[c] as number);
        const below = values.filter((value) => value < 0);
        return below.length === 0 ? 0 : mean(below);
      });
      const [own, given] = [flat(student), flat(teacher)];
      return mean(
        own.map((s, i) => {
          const target = Math.max(given[i] as number, margins[i % margins.length] as number);
          return s > target || target > 0 ? (s - target) ** 2 : 0;
        }),
      );
    },
    best: (inputs) => unchanged(inputs, { output }),
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'no output': () => overhaul({} as OverhaulOptions),
      'a margin above 0': () => overhaul({ output, margin: 0.5 }),
      'no margins': () => overhaul({ output, margin: [] }),
      'a margin above 0 among others': () => overhaul({ output, margin: [-1, 1] }),
      'a margin in words': () => overhaul({ output, margin: 'auto' as 'batch' }),
      'another projector': () => overhaul({ output, projector: 'mlp' as 'none' }),
      'an option that it does not have': () => overhaul({ output, margins: -1 } as OverhaulOptions),
    },
  });

  checkFeatureLoss((pair) => overhaul({ ...pair, margin: -0.5 }), { needsPositions: false });

  test('has the defaults that it documents', () => {
    expect(overhaul({ output }).options).toEqual({ output, margin: 'batch', projector: 'linear' });
  });

  test('refuses another number of margins than of the teacher’s channels, and channels that differ', () => {
    const pair = { output: 'a', teacherOutput: 'b' };
    const many = overhaul({ ...pair, margin: [-1, -2] });
    expect(() => many.check?.(shapesFor([4, 4, 3], [4, 4, 2]))).not.toThrow();
    const refused = (code: string) => expect.objectContaining({ code });
    expect(() => many.check?.(shapesFor([4, 4, 2], [4, 4, 3]))).toThrow(refused('invalid-option'));
    const direct = overhaul({ ...pair, projector: 'none' });
    expect(() => direct.check?.(shapesFor([4, 4, 2], [4, 4, 3]))).toThrow(refused('shape-mismatch'));
  });
});

describe('overhaulMargins', () => {
  test('is the mean of what lies below zero', () => {
    const means = [-3, -1, -0.2, 0, 0.5, 1, 1.9, 2.1, 4, 12];
    const stdDevs = [0.5, 1, 2, 1, 1, 0.4, 1, 1, 1.5, 2];
    overhaulMargins(means, stdDevs).forEach((margin, i) => {
      const expected = meanBelowZero(means[i] as number, stdDevs[i] as number);
      expect(Math.abs(margin / expected - 1)).toBeLessThan(1e-9);
    });
    // −√(2/π), and the mean itself where nothing lies above.
    expect(overhaulMargins([0], [1])[0]).toBeCloseTo(-Math.sqrt(2 / Math.PI), 14);
    expect(overhaulMargins([-50, -1, 1, 0], [1, 0, 0, 0])).toEqual([-50, -1, 0, 0]);
  });

  test('stays below zero, and near −σ²/μ, far out', () => {
    const [margin = 0] = overhaulMargins([1000], [1]);
    expect(margin).toBeLessThanOrEqual(0);
    expect(Math.abs(margin + 0.001)).toBeLessThan(1e-6);
  });

  test.each<[string, number[], number[]]>([
    ['unlike lengths', [1], [1, 2]],
    ['a mean that is no number', [Number.NaN], [1]],
    ['an infinite deviation', [1], [Number.POSITIVE_INFINITY]],
  ])('refuses %s', (_, means, stdDevs) => {
    expect(() => overhaulMargins(means, stdDevs)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

/** By Simpson's rule over the part of the density that lies below zero; its peak there is scaled to 1. */
function meanBelowZero(mean: number, stdDev: number): number {
  const steps = 200_000;
  const [from, peak] = [Math.min(mean, 0) - 12 * stdDev, Math.min(mean, 0)];
  let [weight, sum] = [0, 0];
  for (const i of range(steps + 1)) {
    const x = from + ((0 - from) * i) / steps;
    const simpson = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    const share = simpson * Math.exp((-((x - mean) ** 2) + (peak - mean) ** 2) / (2 * stdDev ** 2));
    weight += share;
    sum += share * x;
  }
  return sum / weight;
}
