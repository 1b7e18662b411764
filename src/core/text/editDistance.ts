/**
 * How many insertions, deletions and replacements make one sequence of the other (Levenshtein).
 * Source    Levenshtein 1966; Wagner, Fischer 1974
 */
export function editDistance<T>(from: ArrayLike<T>, to: ArrayLike<T>): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
