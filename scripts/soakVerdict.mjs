// Whether a soak's rounds end where they were once the browser's caches were filled.

const WARM = { from: 6, to: 14 };
const LAST = 8;
export const LEAST_ROUNDS = WARM.to + LAST;
/** A thread, worker or process may be on its way out at the moment of looking. */
const SLACK = { memoryBytes: 0, threads: 1, workers: 1, processes: 1 };

/**
 * One sum a round over processes. A process that the browser started after it was warm is its own affair (a spare one, a
 * service), so its memory and threads are left out; unless workers ever ran in it. How many processes there are counts all.
 */
export function totals(seen) {
  const counts = countedOf(seen);
  return seen.map(({ ms, processes }) => {
    const counted = [...processes].filter(([pid]) => counts(pid)).map(([, footprint]) => footprint);
    const sum = (name) => counted.reduce((total, footprint) => total + footprint[name], 0);
    return {
      ms,
      ...Object.fromEntries(['memoryBytes', 'threads', 'workers'].map((name) => [name, sum(name)])),
      processes: processes.size,
    };
  });
}

/** Which processes count: what was there when the browser was warm, and where workers ran. */
function countedOf(seen) {
  const warm = new Set(seen.slice(0, WARM.to).flatMap(({ processes }) => [...processes.keys()]));
  return (pid) => warm.has(pid) || seen.some(({ processes }) => processes.get(pid)?.workers > 0);
}

/** By name: how many more threads each of the last rounds had than any warm round; zeros are left out. */
export function cameOf(seen) {
  const counts = countedOf(seen);
  const namesIn = ({ processes }) => [...processes].flatMap(([pid, { names }]) => (counts(pid) ? names : []));
  const [warm, end] = [seen.slice(WARM.from, WARM.to), seen.slice(-LAST)].map((rounds) => rounds.map(namesIn));
  const times = (rounds, wanted) => rounds.map((names) => names.filter((name) => name === wanted).length);
  const more = [...new Set(end.flat())].map((name) => [
    name,
    Math.min(...times(end, name)) - Math.max(...times(warm, name)),
  ]);
  return Object.fromEntries(more.filter(([, count]) => count > 0));
}

/**
 * The least around round 10 and in the last rounds, and 'flat' or what grew by more than it may. The least, because engines
 * collect garbage when they like: what is never given back is in every round. Memory must also have grown from the middle to
 * the end, by a quarter of what it may in all: garbage that an engine lets lie adds a step once, a leak adds to every round.
 */
export function judge(rounds, mostGrowth) {
  const middle = Math.floor((WARM.from + rounds.length - LAST) / 2);
  const [after10, halfway, atEnd] = [
    rounds.slice(WARM.from, WARM.to),
    rounds.slice(middle, middle + LAST),
    rounds.slice(-LAST),
  ].map(leastOf);
  const isStillGrowing = atEnd.memoryBytes > (1 + mostGrowth / 4) * halfway.memoryBytes;
  const grown = Object.keys(SLACK).filter(
    (name) =>
      atEnd[name] > after10[name] + Math.max(SLACK[name], mostGrowth * after10[name]) &&
      (name !== 'memoryBytes' || isStillGrowing),
  );
  return { verdict: grown.length === 0 ? 'flat' : `${grown.join(' and ')} grew`, after10, atEnd };
}

function leastOf(rounds) {
  const least = (name) => Math.min(...rounds.map((round) => round[name]));
  return Object.fromEntries([...Object.keys(SLACK), 'ms'].map((name) => [name, least(name)]));
}
