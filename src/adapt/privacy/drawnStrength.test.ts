import { describe, expect, test } from 'vitest';
import { ORDERS } from './accountant.ts';
import { type Candidate, drawnStrength, guardEpsilonFor } from './drawnStrength.ts';
import { sampledGaussianDivergence } from './sampledGaussian.ts';

const strengths = [1, 0.5, 0.25, 0];
const candidatesOf = (right: readonly number[]): Candidate[] =>
  strengths.map((strength, i) => ({ strength, right: right[i] as number }));

/** How often each strength is drawn. */
function sharesOf(right: readonly number[], of: { epsilon: number; tolerated: number }, draws = 20_000) {
  const counts = new Map<number, number>();
  for (let i = 0; i < draws; i++) {
    const { strength } = drawnStrength(candidatesOf(right), { ...of, key: [i, 7, 0, 0, 0, 0, 0, 1] });
    counts.set(strength, (counts.get(strength) ?? 0) + 1);
  }
  return strengths.map((strength) => (counts.get(strength) ?? 0) / draws);
}

/** The probabilities that the docstring states. */
function statedOf(right: readonly number[], of: { epsilon: number; tolerated: number }) {
  const weights = strengths.map((strength, i) => {
    const score = (right[i] as number) - (strength === 0 ? of.tolerated : 0);
    return Math.max(strength, 0.25) * Math.exp(of.epsilon * score);
  });
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

describe('a strength', () => {
  test.each([
    { right: [5, 6, 5, 4], epsilon: 1, tolerated: 0 },
    { right: [0, 0, 0, 0], epsilon: 2, tolerated: 0 },
    { right: [2, 3, 1, 6], epsilon: 0.7, tolerated: 3.5 },
  ])('is drawn with the stated probabilities: $right', ({ right, ...of }) => {
    const stated = statedOf(right, of);
    sharesOf(right, of).forEach((share, i) => {
      const p = stated[i] as number;
      expect(Math.abs(share - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 20_000));
    });
  });

  test('tells of one more held-out example ε at most, whichever strengths answer it', () => {
    const epsilon = 0.9;
    let most = 0;
    for (const tolerated of [0, 1.8, 6]) {
      for (let answers = 0; answers < 16; answers++) {
        const right = [3, 2, 4, 3];
        const more = right.map((count, i) => count + ((answers >> i) & 1));
        const before = statedOf(right, { epsilon, tolerated });
        const after = statedOf(more, { epsilon, tolerated });
        if (answers === 0) expect(after).toEqual(before);
        for (const [i, p] of before.entries()) {
          most = Math.max(most, Math.abs(Math.log(p / (after[i] as number))));
        }
      }
    }
    expect(most).toBeLessThanOrEqual(epsilon);
    expect(most).toBeGreaterThan(0.7 * epsilon);
  });

  test('is the best one where nothing is hidden, the greatest of those', () => {
    const of = { epsilon: Number.POSITIVE_INFINITY, tolerated: 0, key: [] };
    expect(drawnStrength(candidatesOf([4, 5, 5, 3]), of).strength).toBe(0.5);
    expect(drawnStrength(candidatesOf([4, 4, 4, 4]), of).strength).toBe(1);
    expect(drawnStrength(candidatesOf([1, 1, 1, 4]), of).strength).toBe(0);
  });
});

describe('the guard’s ε', () => {
  test.each([
    { noiseMultiplier: 1.1, sampleFraction: 0.1, steps: 100 },
    { noiseMultiplier: 8, sampleFraction: 1, steps: 50 },
    { noiseMultiplier: 0.5, sampleFraction: 0.02, steps: 300 },
    { noiseMultiplier: 300, sampleFraction: 1, steps: 1 },
  ])('keeps the choice below the steps at every order: $noiseMultiplier, $sampleFraction, $steps', (made) => {
    const epsilon = guardEpsilonFor(made);
    expect(epsilon).toBeGreaterThan(0);
    for (const order of ORDERS) {
      const steps = made.steps * sampledGaussianDivergence(made.sampleFraction, made.noiseMultiplier, order);
      for (const divergence of divergencesOfChoice(epsilon, order)) {
        expect(divergence).toBeLessThanOrEqual(steps * (1 + 1e-9) + 1e-12);
      }
    }
  });

  test('is infinite where the steps have no noise', () => {
    expect(guardEpsilonFor({ noiseMultiplier: 0, sampleFraction: 1, steps: 1 })).toBe(Number.POSITIVE_INFINITY);
  });
});

/** Rényi divergences between choices that one example changes, both ways, for some counts, in the plainest form. */
function divergencesOfChoice(epsilon: number, order: number): number[] {
  return [1, 3, 7, 8, 12].flatMap((answers) => {
    const right = [0, 0, 0, 0];
    const of = { epsilon, tolerated: 0 };
    const p = statedOf(right, of);
    const q = statedOf(
      right.map((count, i) => count + ((answers >> i) & 1)),
      of,
    );
    const divergence = (a: number[], b: number[]) => {
      const logs = a.map((x, i) => order * Math.log(x) + (1 - order) * Math.log(b[i] as number));
      const top = Math.max(...logs);
      return (top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0))) / (order - 1);
    };
    return [divergence(p, q), divergence(q, p)];
  });
}
