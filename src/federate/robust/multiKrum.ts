import { invalidOption } from '../../core/options.ts';
import { type ClientUpdate, type Combine, meanOf, sortOut, type UpdateLimits } from '../combine.ts';

export interface MultiKrumOptions extends UpdateLimits {
  /** The fraction of clients that may be poisoned, from 0 to below 0.5. Default 0.2. */
  readonly poisoned?: number;
}

/**
 * Mean of the updates that lie closest to their neighbours. An update's score is the sum of squared distances to its
 * n − f − 2 nearest, where f of n may be poisoned; the n − f updates of the lowest scores count, the others are named
 * as `far-from-others`. Weights count among those that are selected.
 * Shapes    updates of length F → F
 * Units     those of the updates
 * Throws    invalid-option: `poisoned` is not from 0 to below 0.5 · a limit out of its range
 * Source    Blanchard et al. 2017, "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent", §4–5
 * Differs   its proof asks for n ≥ 2f + 3; with fewer updates at least one neighbour is looked at
 */
export const multiKrum: Combine<MultiKrumOptions> = (updates, { poisoned = 0.2, ...limits }) => {
  if (!(poisoned >= 0 && poisoned < 0.5)) throw invalidOption('poisoned', poisoned, 'a fraction from 0 to below 0.5');
  const { accepted, rejected } = sortOut(updates, limits);
  const out = Math.min(Math.ceil(poisoned * accepted.length), Math.floor((accepted.length - 1) / 2));
  const chosen = new Set(closest(accepted, Math.max(0, out)));
  const far = accepted.filter((update) => !chosen.has(update));
  return {
    values: meanOf(
      accepted.filter((update) => chosen.has(update)),
      limits.length,
    ),
    rejected: [...rejected, ...far.map(({ client }) => ({ client, reason: 'far-from-others' as const }))],
  };
};

/** All but the `out` updates of the highest scores; of equal scores those that come first stay. */
function closest(updates: readonly ClientUpdate[], out: number): ClientUpdate[] {
  const distances = updates.map(() => new Float64Array(updates.length));
  for (const [a, { values }] of updates.entries()) {
    for (let b = a + 1; b < updates.length; b++) {
      const squared = squaredDistance(values, (updates[b] as ClientUpdate).values);
      (distances[a] as Float64Array)[b] = squared;
      (distances[b] as Float64Array)[a] = squared;
    }
  }
  const neighbours = Math.max(1, updates.length - out - 2);
  const scores = distances.map((row) => {
    // The first is the distance to itself, 0.
    const nearest = row.toSorted().subarray(1, neighbours + 1);
    return nearest.reduce((sum, distance) => sum + distance, 0);
  });
  return updates
    .map((update, i) => ({ update, score: scores[i] as number }))
    .sort((a, b) => a.score - b.score)
    .slice(0, updates.length - out)
    .map(({ update }) => update);
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum;
}
