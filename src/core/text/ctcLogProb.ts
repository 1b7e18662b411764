import { logAdd } from './logAdd.ts';

/**
 * ln of the sum over all paths that give a label, for one example whose steps begin at `offset`.
 * Shapes    logProbs of T steps, each with C classes; label: classes without the blank
 * Units     nats; −∞ where no path is long enough
 * Source    Graves et al. 2006, "Connectionist Temporal Classification", §4.1
 */
export function ctcLogProb(
  logProbs: ArrayLike<number>,
  { offset, time, classes, blank }: { offset: number; time: number; classes: number; blank: number },
  label: ArrayLike<number>,
): number {
  // A blank before, between and behind the classes of the label.
  const states = Array.from({ length: 2 * label.length + 1 }, (_, s) =>
    s % 2 === 0 ? blank : (label[s >> 1] as number),
  );
  const never = Number.NEGATIVE_INFINITY;
  // Before the first step a path stands in front of the first blank, from where it may also skip it.
  let reached = states.map((_, s) => (s === 0 ? 0 : never));
  for (let step = 0; step < time; step++) {
    const before = reached;
    reached = states.map((one, s) => {
      const maySkip = s > 1 && one !== blank && one !== states[s - 2];
      const stayed = logAdd(before[s] as number, s > 0 ? (before[s - 1] as number) : never);
      const from = maySkip ? logAdd(stayed, before[s - 2] as number) : stayed;
      return from + (logProbs[offset + step * classes + one] as number);
    });
  }
  return logAdd(reached.at(-1) as number, reached.at(-2) ?? never);
}
