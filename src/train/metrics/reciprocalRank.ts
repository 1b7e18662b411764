import type { Metric } from '../metric.ts';
import { meanOverLists, RANKING, type RankedList, type RankingMetricOptions, rankingName } from '../rankedLists.ts';

/**
 * Mean reciprocal rank (MRR): 1 ÷ the place of the relevant candidate, which the label names, mean over the lists.
 * Shapes    student [B, N], labels [B] → fraction
 * Units     above 0, at most 1; higher is better
 * Numerics  candidates of equal scores count as in a random order: the mean over all orders; NaN if a score is NaN
 * Throws    nothing
 * Source    Voorhees 1999, The TREC-8 Question Answering Track Report, TREC
 */
export const reciprocalRank: Metric = reciprocalRankOf({ truth: 'labels', top: Number.MAX_SAFE_INTEGER });

/**
 * The same for the first relevant candidate among the first `top` (MRR@10), 0 if there is none. With the teacher's grades, all
 * above 0 are relevant, and lists without one are left out.
 * Shapes    student [B, N], teacher [B, N] or labels [B] → fraction
 * Units     0…1; higher is better
 * Throws    invalid-option
 * Source    as `reciprocalRank`
 */
export function reciprocalRankOf(options: RankingMetricOptions = {}): Metric {
  const { top, truth } = RANKING.read(options);
  const isWhole = top === Number.MAX_SAFE_INTEGER;
  return {
    name: isWhole ? 'reciprocalRank' : rankingName('reciprocalRank', { top, truth }, 'labels'),
    measures: 'scores',
    reads: { teacher: truth === 'teacher', labels: truth === 'labels' },
    compute: (inputs) => meanOverLists(inputs, truth, (list) => firstOf(list, top)),
  };
}

function firstOf({ groups, grades }: RankedList, top: number): number | undefined {
  let place = 0;
  for (const group of groups) {
    const relevant = group.filter((candidate) => (grades[candidate] as number) > 0).length;
    if (relevant === 0) {
      place += group.length;
      continue;
    }
    // The chance that the first relevant one of the group comes at each of its places.
    let [expected, noneYet] = [0, 1];
    for (let i = 0; i <= group.length - relevant; i++) {
      const chance = relevant / (group.length - i);
      if (place + i < top) expected += (noneYet * chance) / (place + i + 1);
      noneYet *= 1 - chance;
    }
    return expected;
  }
  return undefined;
}
