/** What a window's probability makes of those before it. */
export interface Heard {
  /** The mean of the last windows. */
  readonly score: number;
  readonly isHeard: boolean;
}

/**
 * Tells once for each word that it was heard: where the mean of the last windows reaches the threshold, and then not again for a
 * while.
 * Source    Chen, Parada, Heigold 2014, "Small-footprint keyword spotting using deep neural networks", §2.3 (posterior smoothing)
 */
export function makeTrigger(options: {
  readonly threshold: number;
  readonly smoothing: number;
  readonly refractoryWindows: number;
}): (probability: number) => Heard {
  const { threshold, smoothing, refractoryWindows } = options;
  const last: number[] = [];
  let deafFor = 0;
  return (probability) => {
    last.push(probability);
    if (last.length > smoothing) last.shift();
    // Before there are as many, silence counts as well: a single window never decides alone.
    const score = last.reduce((sum, one) => sum + one, 0) / smoothing;
    const isHeard = deafFor === 0 && score >= threshold;
    deafFor = isHeard ? refractoryWindows : Math.max(0, deafFor - 1);
    return { score, isHeard };
  };
}
