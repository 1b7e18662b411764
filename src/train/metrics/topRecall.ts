import type { Metric } from '../metric.ts';
import { meanOverLists, RANKING, type RankedList, type RankingMetricOptions, rankingName } from '../rankedLists.ts';

/**
 * Recall at k (hit rate): the fraction of lists whose relevant candidate, which the label names, is among the first ten.
 * Shapes    student [B, N], labels [B] → fraction
 * Units     0…1; higher is better; 1 if lists have ten candidates or fewer
 * Numerics  candidates of equal scores count as in a random order: the mean over all orders; NaN if a score is NaN
 * Throws    nothing
 * Source    Manning, Raghavan, Schütze 2008, Introduction to Information Retrieval, §8.3
 */
export const topRecall: Metric = topRecallOf({ truth: 'labels' });

/**
 * The same for another number of candidates, or for the teacher's grades, of which all above 0 are relevant: the fraction of
 * a list's relevant candidates among the first `top`. Lists without one are left out.
 * Shapes    student [B, N], teacher [B, N] or labels [B] → fraction
 * Units     0…1; higher is better
 * Throws    invalid-option
 * Source    as `topRecall`
 */
export function topRecallOf(options: RankingMetricOptions = {}): Metric {
  const { top, truth } = RANKING.read(options);
  return {
    name: rankingName('topRecall', { top, truth }, 'labels'),
    measures: 'scores',
    reads: { teacher: truth === 'teacher', labels: truth === 'labels' },
    compute: (inputs) => meanOverLists(inputs, truth, (list) => recallOf(list, top)),
  };
}

function recallOf({ groups, grades }: RankedList, top: number): number | undefined {
  const relevantOf = (candidates: readonly number[]) => candidates.filter((i) => (grades[i] as number) > 0).length;
  let [found, all, place] = [0, 0, 0];
  for (const group of groups) {
    const relevant = relevantOf(group);
    const seats = Math.max(0, Math.min(top - place, group.length));
    found += (relevant * seats) / group.length;
    all += relevant;
    place += group.length;
  }
  return all === 0 ? undefined : found / all;
}
