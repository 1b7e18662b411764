import type { Metric } from '../metric.ts';
import { meanOverLists, RANKING, type RankedList, type RankingMetricOptions, rankingName } from '../rankedLists.ts';

/**
 * Normalized discounted cumulative gain (NDCG) of the first ten: how much of what the teacher finds relevant stands early in
 * the student's order. The gain of a candidate is the teacher's score itself, lifted where some are below 0.
 * Shapes    student [B, N], teacher [B, N] → fraction
 * Units     0…1; higher is better; 1 for the teacher's own order
 * Numerics  candidates of equal scores count as in a random order, that is by their mean; lists without a gain are left out,
 *           NaN if all are, and if a score is NaN
 * Throws    nothing
 * Source    Järvelin, Kekäläinen 2002, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20(4), with log₂(1 + place);
 *           ties as scikit-learn's ndcg_score
 */
export const normalizedGain: Metric = normalizedGainOf();

/**
 * The same for another number of candidates, or for labels: `metrics: [normalizedGainOf({ top: 5 })]`. Called by hand,
 * `normalizedGainOf().compute({ student: scores, teacher: grades })` compares any scores with the grades of people.
 * Shapes    student [B, N], teacher [B, N] or labels [B] → fraction
 * Units     0…1; higher is better
 * Throws    invalid-option
 * Source    as `normalizedGain`
 */
export function normalizedGainOf(options: RankingMetricOptions = {}): Metric {
  const { top, truth } = RANKING.read(options);
  return {
    name: rankingName('normalizedGain', { top, truth }, 'teacher'),
    measures: 'scores',
    reads: { teacher: truth === 'teacher', labels: truth === 'labels' },
    compute: (inputs) => meanOverLists(inputs, truth, (list) => gainOf(list, top)),
  };
}

function gainOf({ groups, grades }: RankedList, top: number): number | undefined {
  const ideal = [...grades].sort((a, b) => b - a).reduce((sum, grade, place) => sum + grade * discount(place, top), 0);
  if (ideal === 0) return undefined;
  let [gain, place] = [0, 0];
  for (const group of groups) {
    const grade = group.reduce((sum, candidate) => sum + (grades[candidate] as number), 0) / group.length;
    for (const _ of group) gain += grade * discount(place++, top);
  }
  return gain / ideal;
}

function discount(place: number, top: number): number {
  return place < top ? 1 / Math.log2(place + 2) : 0;
}
