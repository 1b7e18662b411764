/** Longer names are not compared letter by letter, nor are more of them than this: the list is advice. */
const MOST_LETTERS = 200;
const MOST_NAMES = 5000;

/** A part of a name with fewer letters stands in too many of them. */
const LEAST_PART = 3;

/**
 * The names that may have been meant, closest first: those that differ in at most a third of their letters, or are a part of one
 * another. None where nothing is that close.
 */
export function nearNames(wanted: string, names: Iterable<string>, most = 5): string[] {
  const lower = wanted.toLowerCase().slice(0, MOST_LETTERS);
  const scored: { name: string; distance: number }[] = [];
  let seen = 0;
  for (const name of names) {
    if (seen++ === MOST_NAMES) break;
    const other = name.toLowerCase().slice(0, MOST_LETTERS);
    const [short, long] = lower.length < other.length ? [lower, other] : [other, lower];
    // A part of a name is a better guess than another name of the same length; a name in a far longer one stands there by chance.
    const isPart =
      short.length >= LEAST_PART && long.includes(short) && (short === lower || 2 * short.length >= long.length);
    const distance = isPart ? 0.5 : editDistance(lower, other);
    if (distance <= Math.max(1, Math.floor(long.length / 3))) scored.push({ name, distance });
  }
  return scored
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ name }) => name);
}

/** ' Did you mean "inspect"?', to follow a sentence; empty where no name is near. */
export function didYouMean(wanted: string, names: Iterable<string>): string {
  const [near] = nearNames(wanted, names, 1);
  return near === undefined ? '' : ` Did you mean "${near}"?`;
}

/** Letters to change, add or remove until `a` reads `b`. */
function editDistance(a: string, b: string): number {
  let above = Uint16Array.from({ length: b.length + 1 }, (_, j) => j);
  let row = new Uint16Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] as number) + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      row[j] = Math.min(changed, (above[j] as number) + 1, (row[j - 1] as number) + 1);
    }
    [above, row] = [row, above];
  }
  return above[b.length] as number;
}
