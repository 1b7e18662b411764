import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { bootstrapMedian } from './bootstrapMedian.ts';
import { summarize } from './summarize.ts';

const measured = (rounds: readonly (readonly number[])[]) => ({ rounds, warmUps: 3, notices: ['coarse'] });

describe('summarize', () => {
  test('sums up what counts', () => {
    const row = summarize(measured([[1, 2, 3], [], [4, 5, 6]]));
    expect(row).toMatchObject({ medianMs: 3.5, p90Ms: 5.5, runs: 6, warmUps: 3, notices: ['coarse'] });
    expect(row.roundsMs).toEqual([1.5, Number.NaN, 4.5]);
    expect(row.spreadFraction).toBeCloseTo(1.5 / 3.5, 10);
    expect(row.sampleMs).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('nothing measured is no figure', () => {
    const row = summarize(measured([]));
    expect(row).toMatchObject({
      medianMs: Number.NaN,
      intervalMs: [Number.NaN, Number.NaN],
      p99Ms: Number.NaN,
      runs: 0,
    });
    expect(row.sampleMs).toEqual([]);
  });

  test('at most 200 passes are kept, from all rounds', () => {
    const { sampleMs } = summarize(measured(Array.from({ length: 50 }, (_, round) => Array(40).fill(round))));
    expect(sampleMs).toHaveLength(200);
    expect(new Set(sampleMs).size).toBe(50);
  });
});

describe('bootstrapMedian', () => {
  test('the interval has the true median about as often as it says, though passes of a round are alike', () => {
    const random = seededRandom(11);
    let inside = 0;
    for (let trial = 0; trial < 150; trial++) {
      const rounds = Array.from({ length: 60 }, () => {
        const ofRound = random() + random() - 1;
        return Array.from({ length: 10 }, () => 10 + ofRound + 0.2 * (random() - 0.5));
      });
      const [low, high] = bootstrapMedian(rounds, 0.95, trial);
      if (low <= 10 && high >= 10) inside++;
    }
    expect(inside / 150).toBeGreaterThan(0.88);
    expect(inside / 150).toBeLessThan(1);
  });

  test('it holds the median that was measured, also of few rounds', () => {
    const random = seededRandom(5);
    expect(bootstrapMedian([[28.8], [40]], 0.95, 1)).toEqual([28.8, 40]);
    expect(bootstrapMedian([[7, 9, 8]], 0.95, 1)).toEqual([7, 9]);
    for (let rounds = 1; rounds < 12; rounds++) {
      const measuredRounds = Array.from({ length: rounds }, () => [random(), random()]);
      const { medianMs, intervalMs } = summarize(measured(measuredRounds), rounds);
      expect(intervalMs[0]).toBeLessThanOrEqual(medianMs);
      expect(intervalMs[1]).toBeGreaterThanOrEqual(medianMs);
    }
  });

  test('the same seed gives the same interval, and a round counts by its passes', () => {
    const rounds = [Array(100).fill(1), ...Array.from({ length: 9 }, () => [5])];
    expect(bootstrapMedian(rounds, 0.95, 4)).toEqual(bootstrapMedian(rounds, 0.95, 4));
    expect(bootstrapMedian(rounds, 0.5, 4)[0]).toBe(1);
  });
});
