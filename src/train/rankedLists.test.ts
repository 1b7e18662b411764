// The metrics over rankings, held against slow references that try every order of equal scores.
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NdArray } from '../core/shape.ts';
import type { Metric } from './metric.ts';
import { normalizedGain, normalizedGainOf } from './metrics/normalizedGain.ts';
import { rankCorrelation } from './metrics/rankCorrelation.ts';
import { reciprocalRank, reciprocalRankOf } from './metrics/reciprocalRank.ts';
import { topRecall, topRecallOf } from './metrics/topRecall.ts';

const lists = (...rows: number[][]): NdArray => ({
  data: Float32Array.from(rows.flat()),
  shape: [rows.length, rows[0]?.length ?? 0],
});

/** Every order of a list in which no candidate stands behind one with a lower score. */
function orders(scores: readonly number[], left: readonly number[] = [...scores.keys()]): number[][] {
  if (left.length === 0) return [[]];
  const best = Math.max(...left.map((i) => scores[i] as number));
  return left
    .filter((i) => scores[i] === best)
    .flatMap((first) =>
      orders(
        scores,
        left.filter((i) => i !== first),
      ).map((rest) => [first, ...rest]),
    );
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** By their definitions, for one order. */
const slow = {
  gain(order: readonly number[], grades: readonly number[], top: number) {
    const gainOf = (given: readonly number[]) =>
      given.slice(0, top).reduce((sum, grade, place) => sum + grade / Math.log2(place + 2), 0);
    return gainOf(order.map((i) => grades[i] as number)) / gainOf([...grades].sort((a, b) => b - a));
  },
  rank(order: readonly number[], grades: readonly number[], top: number) {
    const place = order.findIndex((i) => (grades[i] as number) > 0);
    return place < top ? 1 / (place + 1) : 0;
  },
  recall(order: readonly number[], grades: readonly number[], top: number) {
    const isRelevant = (i: number) => (grades[i] as number) > 0;
    return order.slice(0, top).filter(isRelevant).length / order.filter(isRelevant).length;
  },
  tau(own: readonly number[], given: readonly number[]) {
    const pairs = own.flatMap((_, i) => own.slice(0, i).map((_, j) => [i, j] as const));
    const way = (of: readonly number[], [i, j]: readonly [number, number]) =>
      Math.sign((of[i] as number) - (of[j] as number));
    const count = (is: (pair: readonly [number, number]) => boolean) => pairs.filter(is).length;
    const same = count((pair) => way(own, pair) * way(given, pair) === 1);
    const opposed = count((pair) => way(own, pair) * way(given, pair) === -1);
    const [tiedOwn, tiedGiven] = [own, given].map((of) => count((pair) => way(of, pair) === 0)) as [number, number];
    return (same - opposed) / Math.sqrt((pairs.length - tiedOwn) * (pairs.length - tiedGiven));
  },
};

describe('beside a slow reference', () => {
  const random = seededRandom(3);
  const drawn = (length: number, most: number) => Array.from({ length }, () => Math.floor(random() * most));
  const cases = Array.from({ length: 60 }, (_, i) => {
    const length = 2 + (i % 5);
    // Few values, so that many are equal; at least one candidate is relevant, and not all are alike.
    const grades = [3, 0, ...drawn(length - 2, 4)].sort(() => random() - 0.5);
    return { scores: drawn(length, 1 + (i % 4)), grades, top: 1 + (i % 4) };
  });

  test.each([
    ['normalizedGain', normalizedGainOf, slow.gain],
    ['reciprocalRank', reciprocalRankOf, slow.rank],
    ['topRecall', topRecallOf, slow.recall],
  ] as const)('%s is the mean over all orders of equal scores', (_, make, reference) => {
    for (const { scores, grades, top } of cases) {
      const expected = meanOf(orders(scores).map((order) => reference(order, grades, top)));
      const value = make({ top }).compute({ student: lists(scores), teacher: lists(grades) });
      expect(value, JSON.stringify({ scores, grades, top })).toBeCloseTo(expected, 10);
    }
  });

  test('rankCorrelation counts pairs', () => {
    for (const { scores, grades } of cases) {
      const isFlat = new Set(scores).size === 1;
      const value = rankCorrelation.compute({ student: lists(scores), teacher: lists(grades) });
      expect(value).toBeCloseTo(isFlat ? 0 : slow.tau(scores, grades), 10);
    }
  });

  test('several lists count alike', () => {
    const four = cases.filter(({ grades }) => grades.length === 4);
    const whole = {
      student: lists(...four.map((one) => one.scores)),
      teacher: lists(...four.map((one) => one.grades)),
    };
    for (const metric of [normalizedGain, rankCorrelation, topRecallOf({ top: 2 }), reciprocalRankOf()]) {
      const each = four.map(({ scores, grades }) => metric.compute({ student: lists(scores), teacher: lists(grades) }));
      expect(metric.compute(whole)).toBeCloseTo(meanOf(each), 10);
    }
  });
});

describe('by hand', () => {
  const student = lists([0.9, 0.1, 0.5], [0.1, 0.2, 0.3]);

  test('scikit-learn’s example of ndcg_score', () => {
    const grades = lists([10, 0, 0, 1, 5]);
    const ndcg = (scores: number[], top = 10) =>
      normalizedGainOf({ top }).compute({ student: lists(scores), teacher: grades });
    expect(ndcg([0.1, 0.2, 0.3, 4, 70])).toBeCloseTo(0.6957, 4);
    expect(ndcg([0.05, 1.1, 1, 0.5, 0])).toBeCloseTo(0.49368, 4);
    expect(ndcg([1, 0, 0, 0, 1], 1)).toBeCloseTo(0.75, 12);
  });

  test('SciPy’s example of kendalltau', () => {
    const tau = rankCorrelation.compute({ student: lists([12, 2, 1, 12, 2]), teacher: lists([1, 4, 7, 1, 0]) });
    expect(tau).toBeCloseTo(-0.47140452079103173, 10);
  });

  test('labels name the relevant candidate', () => {
    const labels = Int32Array.of(2, 0);
    expect(reciprocalRank.compute({ student, labels })).toBeCloseTo((1 / 2 + 1 / 3) / 2, 12);
    expect(reciprocalRankOf({ top: 2, truth: 'labels' }).compute({ student, labels })).toBe(1 / 4);
    expect(topRecallOf({ top: 2, truth: 'labels' }).compute({ student, labels })).toBe(1 / 2);
    expect(topRecall.compute({ student, labels })).toBe(1);
    expect(normalizedGainOf({ truth: 'labels' }).compute({ student, labels })).toBeCloseTo(
      (1 / Math.log2(3) + 0.5) / 2,
      12,
    );
  });

  test('scores below 0 are lifted, so that logits of a teacher have gains too', () => {
    const [logits, grades] = [lists([-3, -1, -2]), lists([0, 2, 1])];
    const scores = lists([1, 2, 3]);
    const value = normalizedGain.compute({ student: scores, teacher: logits });
    expect(value).toBe(normalizedGain.compute({ student: scores, teacher: grades }));
    expect(value).toBeLessThan(1);
    expect(normalizedGain.compute({ student: logits, teacher: logits })).toBe(1);
  });
});

describe('what has no answer', () => {
  const RELEVANCE: readonly Metric[] = [normalizedGain, reciprocalRankOf(), topRecallOf()];
  const flat = [2, 2, 2];

  test('a list without a relevant candidate is left out', () => {
    for (const metric of RELEVANCE) {
      const one = metric.compute({ student: lists([1, 2, 3]), teacher: lists([0, 1, 0]) });
      const both = { student: lists([1, 2, 3], [3, 2, 1]), teacher: lists([0, 1, 0], [0, 0, 0]) };
      expect(metric.compute(both)).toBe(one);
      expect(metric.compute({ student: lists([1, 2]), teacher: lists([0, 0]) })).toBeNaN();
      expect(metric.compute({ student: lists([]), teacher: lists([]) })).toBeNaN();
    }
  });

  test('a list that the teacher does not order is left out, one that the student does not order counts 0', () => {
    const value = rankCorrelation.compute({ student: lists([1, 2, 3], [1, 2, 3]), teacher: lists([1, 2, 3], flat) });
    expect(value).toBe(1);
    expect(rankCorrelation.compute({ student: lists(flat), teacher: lists([1, 2, 3]) })).toBe(0);
    expect(rankCorrelation.compute({ student: lists([1, 2, 3]), teacher: lists(flat) })).toBeNaN();
    expect(rankCorrelation.compute({ student: lists([]), teacher: lists([]) })).toBeNaN();
  });

  test('a score that is NaN makes the metric NaN', () => {
    const broken = lists([1, Number.NaN, 3]);
    for (const metric of [...RELEVANCE, rankCorrelation]) {
      expect(metric.compute({ student: broken, teacher: lists([0, 1, 2]) }), metric.name).toBeNaN();
      expect(metric.compute({ student: lists([0, 1, 2]), teacher: broken }), metric.name).toBeNaN();
    }
  });
});

test('metrics of other options have other names, and those that make no sense are refused', () => {
  const names = [normalizedGainOf({ top: 5 }), topRecallOf({ truth: 'labels' }), reciprocalRankOf({ top: 3 })];
  expect(names.map(({ name }) => name)).toEqual(['normalizedGain@5', 'topRecall@10', 'reciprocalRank@3 by teacher']);
  for (const make of [normalizedGainOf, topRecallOf, reciprocalRankOf]) {
    for (const options of [{ top: 0 }, { top: 2.5 }, { truth: 'people' as 'labels' }, { k: 5 } as object]) {
      expect(() => make(options)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    }
  }
});
