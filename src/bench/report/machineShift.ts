// How much two measurements of one machine, at different times, differ by without anything having changed.

/** With fewer rows the crowd tells nothing. */
export const LEAST_CROWD = 3;
/** What a machine may differ by from one time to another without its vector peak showing it. */
const MOST_UNSEEN = Math.log(1.3);
/** A crowd nearly as dense as the densest is as good. */
const AS_DENSE = 1.5;
const AS_DENSE_ABSOLUTE = 0.01;
/** Half of a normal distribution lies within 1.349 standard deviations about its middle. */
const HALF = 1.349;
/** The densest half of few values is denser than the half of all. */
const OPTIMISM = 6;

export interface MachineShift {
  /** Logarithm of how many times as long everything took the second time. */
  readonly log: number;
  /** How far single rows lie from that without a reason: a standard deviation of their logarithms. */
  readonly deviation: number;
}

/**
 * What the rows of two reports have in common: the middle of the densest half of the logarithms of their ratios, so that half of the
 * rows may change. Of two crowds that are as dense, the one nearer to what the vector peaks say counts; and no more than
 * the peaks and 30 % explain is taken for the machine's.
 *
 * @param expected the logarithm of the ratio of the vector peaks, NaN if unknown
 */
export function machineShift(logs: readonly number[], expected: number): MachineShift {
  const count = logs.length;
  if (count < LEAST_CROWD) return { log: 0, deviation: 0 };
  const sorted = [...logs].sort((a, b) => a - b);
  const half = Math.ceil(count / 2);
  const windows = Array.from({ length: count - half + 1 }, (_, i) => {
    const [low, high] = [sorted[i] as number, sorted[i + half - 1] as number];
    return { width: high - low, middle: (low + high) / 2 };
  });
  const densest = windows.reduce((least, { width }) => Math.min(least, width), Number.POSITIVE_INFINITY);
  const peak = Number.isFinite(expected) ? expected : 0;
  const dense = windows.filter(({ width }) => width <= AS_DENSE * densest + AS_DENSE_ABSOLUTE);
  const { middle, width } = dense.reduce((best, one) =>
    Math.abs(one.middle - peak) < Math.abs(best.middle - peak) ? one : best,
  );
  const [low, high] = [Math.min(0, peak) - MOST_UNSEEN, Math.max(0, peak) + MOST_UNSEEN];
  return {
    log: Math.min(high, Math.max(low, middle)),
    deviation: (width / HALF) * (1 + OPTIMISM / count),
  };
}
