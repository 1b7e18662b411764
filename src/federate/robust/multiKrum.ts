import { type OptionsOf, schema } from '../../core/schema.ts';
import { type Combine, meanOf, type Part } from '../combine.ts';
import { distancesBetween, mostPoisoned, POISONED } from './poisonedParts.ts';

const OPTIONS = schema('multiKrum', POISONED.fields);

/** How many clients may be poisoned. */
export interface MultiKrumOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Mean of the parts that lie closest to their neighbours. A part's score is the sum of squared distances to its n − f − 2
 * nearest, where f of n may be poisoned; the n − f parts of the lowest scores count by their weights, the others are named as
 * outliers.
 * Shapes    parts of the same names and shapes → one of them
 * Units     those of the parts
 * Throws    invalid-option: `poisoned` is not from 0 to below 0.5
 * Source    Blanchard et al. 2017, "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent", §4–5
 * Differs   its proof asks for n ≥ 2f + 3; with fewer parts at least one neighbour is looked at
 */
export function multiKrum(options: MultiKrumOptions = {}): Combine {
  const { poisoned } = OPTIONS.read(options);
  return {
    name: 'multiKrum',
    combine(parts) {
      const out = mostPoisoned(poisoned, parts.length);
      const scores = scoresOf(parts, out);
      const order = [...parts.keys()].sort((a, b) => (scores[a] as number) - (scores[b] as number));
      const far = new Set(order.slice(parts.length - out));
      const what = 'it lies farther from its neighbours than the others';
      return {
        values: meanOf(parts.filter((_, i) => !far.has(i))),
        rejected: parts.filter((_, i) => far.has(i)).map(({ client }) => ({ client, why: 'outlier', what })),
      };
    },
  };
}

function scoresOf(parts: readonly Part[], out: number): number[] {
  const neighbours = Math.max(1, parts.length - out - 2);
  // The first is the distance to itself, 0.
  return distancesBetween(parts).map((row) =>
    row
      .sort()
      .subarray(1, neighbours + 1)
      .reduce((sum, distance) => sum + distance, 0),
  );
}
