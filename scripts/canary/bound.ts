// What runs with and without one example show of a stated ε: a lower bound that is wrong one time in twenty at most.

/** One number a run, from what an attacker sees of it. */
export interface Scores {
  readonly withExample: readonly number[];
  readonly withoutExample: readonly number[];
}

/** A test that tells one from the other: scores of at least `threshold`, or at most, mean that the example was there. */
interface Rule {
  readonly threshold: number;
  readonly isAbove: boolean;
}

export interface Bound {
  /** In nats; 0 where nothing was seen. */
  readonly epsilon: number;
  readonly rule: Rule;
  /** Of how many runs of each kind the second half has, how many the rule got wrong. */
  readonly runs: number;
  readonly falseAlarms: number;
  readonly misses: number;
}

/** Each of two error rates may be beyond its limit so often; together one time in twenty. */
const ALPHA = 0.025;

/**
 * The rule is chosen on the first half of the runs and judged on the second. Both error rates get their upper limits; where
 * even these are so small that (ε, δ) differential privacy forbids them, ε must be larger.
 * Units     nats
 * Source    Jagielski, Ullman, Oprea 2020, §3, arXiv:2006.07709 · both ways: Nasr et al. 2021, §IV, arXiv:2101.04535
 */
export function lowerBound(scores: Scores, delta: number): Bound {
  const half = Math.floor(Math.min(scores.withExample.length, scores.withoutExample.length) / 2);
  const part = (from: number): Scores => ({
    withExample: scores.withExample.slice(from, from + half),
    withoutExample: scores.withoutExample.slice(from, from + half),
  });
  const [first, second] = [part(0), part(half)];
  const rules = [...new Set([...first.withExample, ...first.withoutExample])].flatMap((threshold) =>
    [true, false].map((isAbove) => judged(first, { threshold, isAbove }, delta)),
  );
  const { rule } = rules.reduce((best, one) => (one.epsilon > best.epsilon ? one : best));
  return judged(second, rule, delta);
}

function judged({ withExample, withoutExample }: Scores, rule: Rule, delta: number): Bound {
  const says = (score: number) => (rule.isAbove ? score >= rule.threshold : score <= rule.threshold);
  const falseAlarms = withoutExample.filter(says).length;
  const misses = withExample.length - withExample.filter(says).length;
  const falseRate = upperLimit(falseAlarms, withoutExample.length);
  const missRate = upperLimit(misses, withExample.length);
  const epsilon = Math.max(
    0,
    Math.log(Math.max(Number.MIN_VALUE, 1 - delta - missRate) / falseRate),
    Math.log(Math.max(Number.MIN_VALUE, 1 - delta - falseRate) / missRate),
  );
  return { epsilon, rule, runs: withExample.length, falseAlarms, misses };
}

/**
 * The largest rate at which so few of so many are seen with probability α: the upper end of an exact interval.
 * Source    Clopper and Pearson 1934, Biometrika 26(4)
 */
export function upperLimit(seen: number, of: number, alpha = ALPHA): number {
  if (seen >= of) return 1;
  let [low, high] = [seen / of, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (atMost(seen, of, middle) > alpha) low = middle;
    else high = middle;
  }
  return high;
}

/** The probability of no more than `seen` of `of`, each with probability `rate`. */
function atMost(seen: number, of: number, rate: number): number {
  let log = of * Math.log1p(-rate);
  let sum = Math.exp(log);
  for (let k = 1; k <= seen; k++) {
    log += Math.log(of - k + 1) - Math.log(k) + Math.log(rate) - Math.log1p(-rate);
    sum += Math.exp(log);
  }
  return sum;
}
