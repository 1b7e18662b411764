// The one rule by which a row of the experiments is called better or worse than another.

/** Student's t by degrees of freedom from 1: 97.5 % of differences that are chance alone lie below it. */
const T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/**
 * The paired rule over seeds. Both rows had the same labels, order and start by each seed, so their accuracies are taken
 * from each other seed by seed, and the mean of these differences is held against its own 95 % confidence interval (a
 * paired t-test, two-sided, at 5 %): 'better' or 'worse' where 0 lies outside, and otherwise 'not shown'. Fewer than two
 * seeds show nothing. Three seeds may agree by luck, so the spread of a difference counts as one scored digit at least.
 * Units     accuracies as fractions, in the order of the seeds; `gain` and `margin` (half the interval) likewise
 * Source    Student 1908, "The probable error of a mean", doi:10.1093/biomet/6.1.1
 * @param {{ seeds: number[], accuracies: number[] }} row
 * @param {{ seeds: number[], accuracies: number[] }} other
 * @param {number} scored how many digits both were scored on
 */
export function pairedVerdict(row, other, scored) {
  const differences = row.seeds.flatMap((seed, i) => {
    const at = other.seeds.indexOf(seed);
    return at < 0 ? [] : [row.accuracies[i] - other.accuracies[at]];
  });
  const count = differences.length;
  const gain = count === 0 ? null : mean(differences);
  if (count < 2) return { gain, margin: null, verdict: 'not shown' };
  const spread = Math.max(deviation(differences), 1 / scored);
  const margin = (T[Math.min(count - 2, T.length - 1)] * spread) / Math.sqrt(count);
  return { gain, margin, verdict: Math.abs(gain) <= margin ? 'not shown' : gain > 0 ? 'better' : 'worse' };
}

export const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;

/** Sample standard deviation (÷ n − 1); 0 for fewer than two values. */
export const deviation = (list) =>
  list.length < 2 ? 0 : Math.sqrt(list.reduce((sum, value) => sum + (value - mean(list)) ** 2, 0) / (list.length - 1));
