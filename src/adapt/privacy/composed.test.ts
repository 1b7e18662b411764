import { describe, expect, test } from 'vitest';
import { privacySpent } from './accountant.ts';
import { composedEpsilon } from './composed.ts';

const one = { noiseMultiplier: 1.1, sampleFraction: 0.08, steps: 100 };
const delta = 1e-4;

describe('what several private trainings tell together', () => {
  test('is nothing for none, and everything where one had no noise', () => {
    expect(composedEpsilon([], delta)).toBe(0);
    for (const noiseMultiplier of [0, 1e-300, Number.MIN_VALUE]) {
      for (const sampleFraction of [1, 0.1, 1e-300]) {
        const bare = { noiseMultiplier, sampleFraction, steps: Number.MAX_SAFE_INTEGER };
        expect(composedEpsilon([one, bare], delta)).toBe(Number.POSITIVE_INFINITY);
      }
    }
  });

  test.each([1, 2, 5])('of %s equal ones is what the accountant gives for all of their steps', (count) => {
    const all = privacySpent({ ...one, steps: count * one.steps, delta }).epsilon;
    expect(composedEpsilon(new Array(count).fill(one), delta)).toBeCloseTo(all, 9);
  });

  test('of different ones is less than the sum, more than each, whatever their order', () => {
    const other = { noiseMultiplier: 2.3, sampleFraction: 1, steps: 30 };
    const alone = [one, other].map((spend) => privacySpent({ ...spend, delta }).epsilon);
    const both = composedEpsilon([one, other], delta);
    expect(both).toBe(composedEpsilon([other, one], delta));
    expect(both).toBeGreaterThan(Math.max(...alone));
    expect(both).toBeLessThan((alone[0] as number) + (alone[1] as number));
  });

  test('without sampling is what the sum of the noise’s inverse squares gives', () => {
    const steps = [3, 4].map((noiseMultiplier) => ({ noiseMultiplier, sampleFraction: 1, steps: 1 }));
    const together = { noiseMultiplier: 1 / Math.hypot(1 / 3, 1 / 4), sampleFraction: 1, steps: 1, delta };
    expect(composedEpsilon(steps, delta)).toBeCloseTo(privacySpent(together).epsilon, 9);
  });

  test('goes on with many that differ', () => {
    const many = Array.from({ length: 70 }, (_, i) => ({ ...one, noiseMultiplier: 2 + i / 100 }));
    const [least, most] = [
      { ...one, noiseMultiplier: 2.69 },
      { ...one, noiseMultiplier: 2 },
    ];
    const epsilonOf = (spend: typeof one) => privacySpent({ ...spend, steps: 7000, delta }).epsilon;
    expect(composedEpsilon(many, delta)).toBeGreaterThan(epsilonOf(least));
    expect(composedEpsilon(many, delta)).toBeLessThan(epsilonOf(most));
  });
});
