import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { compareRounds } from './compareRounds.ts';

const random = seededRandom(3);
const rounds = (ms: number, count = 100, noise = 0.02) =>
  Array.from({ length: count }, () => ms * (1 + noise * random()));

describe('compareRounds', () => {
  test('tells faster from slower, whichever comes first', () => {
    const [a, b] = [rounds(10), rounds(11)];
    expect(compareRounds(a, b).verdict).toBe('faster');
    expect(compareRounds(b, a).verdict).toBe('slower');
    expect(compareRounds(b, a).ratio).toBeCloseTo(1 / compareRounds(a, b).ratio, 10);
  });

  test('less than the smallest difference that counts is equal', () => {
    expect(compareRounds(rounds(10, 200), rounds(10.02, 200)).verdict).toBe('equal');
    expect(compareRounds(rounds(10), rounds(10.8), { leastDifference: 0.2 }).verdict).toBe('equal');
  });

  test('a few rounds are enough for what is plain, and not for the rest', () => {
    expect(compareRounds([100, 104, 99], [10, 11, 10]).verdict).toBe('slower');
    expect(compareRounds([100, 104, 99], [97, 101, 104]).verdict).toBe('unsure');
    expect(compareRounds([100, 104], [10, 11])).toMatchObject({
      verdict: 'unsure',
      interval: [0, Number.POSITIVE_INFINITY],
    });
    expect(compareRounds([], [])).toMatchObject({ verdict: 'unsure', ratio: Number.NaN });
  });

  test('rounds that one of them sat out do not count, also as JSON has them', () => {
    const [a, b] = [rounds(10), rounds(11)];
    const holes = a.map((ms, round) => (round % 3 === 0 ? ms : Number.NaN));
    const stored = JSON.parse(JSON.stringify(holes));
    expect(compareRounds(holes, b).verdict).toBe('faster');
    expect(compareRounds(stored, b)).toEqual(compareRounds(holes, b));
  });

  test('what disturbs both at once does not matter', () => {
    const machine = Array.from({ length: 100 }, () => 1 + random());
    const [a, b] = [1, 1.05].map((ms) => machine.map((factor) => factor * ms * (1 + 0.02 * random())));
    expect(compareRounds(a ?? [], b ?? []).verdict).toBe('faster');
  });

  test('no verdict where typical rounds say the opposite of the quickest', () => {
    const mostlySlow = rounds(10).map((ms, round) => (round % 10 < 3 ? ms : 1.5 * ms));
    expect(compareRounds(mostlySlow, rounds(10)).verdict).toBe('unsure');
    expect(compareRounds(mostlySlow, rounds(10.5)).verdict).toBe('unsure');
    expect(compareRounds(rounds(10.5), mostlySlow).verdict).toBe('unsure');
  });

  test('two runs count as equal unless they differ by more than machines do between runs', () => {
    const apart = { arePaired: false };
    expect(compareRounds(rounds(10, 90), rounds(10.2, 120), apart).verdict).toBe('equal');
    expect(compareRounds(rounds(10, 90), rounds(11, 120), apart).verdict).toBe('faster');
  });
});
