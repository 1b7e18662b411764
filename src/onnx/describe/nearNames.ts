/** Longer names are not compared letter by letter, nor are more of them than this: the list is advice. */
const MOST_LETTERS = 200;
const MOST_NAMES = 5000;

/** Those names that are most like the wanted one, closest first. */
export function nearNames(wanted: string, names: Iterable<string>, most = 5): string[] {
  const lower = wanted.toLowerCase().slice(0, MOST_LETTERS);
  const scored: { name: string; distance: number }[] = [];
  for (const name of names) {
    if (scored.length === MOST_NAMES) break;
    const other = name.toLowerCase().slice(0, MOST_LETTERS);
    // A part of a name is a better guess than another name of the same length.
    const isPart = other.includes(lower) || (other.length > 2 && lower.includes(other));
    scored.push({ name, distance: isPart ? 0.5 : editDistance(lower, other) });
  }
  return scored
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ name }) => name);
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
