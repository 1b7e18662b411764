import { LimbeckError } from '../../core/errors.ts';
import { type OptionsOf, schema } from '../../core/schema.ts';
import { type Combine, meanOf } from '../combine.ts';
import type { PrivateMean } from '../privacy/privateMean.ts';
import { distancesBetween, mostPoisoned, POISONED } from './poisonedParts.ts';

const OPTIONS = schema('nearestNeighbourMixing', POISONED.fields);

/** How many clients may be poisoned. */
export interface NearestNeighbourMixingOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Each part becomes the mean of the n − f that lie nearest to it, itself among them, where f of n may be poisoned; `combine` takes
 * these. Honest clients come to lie closer together, so what trusts no single one is pulled aside less by those that pull against
 * them all. Weights do not count among neighbours: a client could claim any.
 * Shapes    parts of the same names and shapes → one of them
 * Units     those of the parts
 * Throws    invalid-option: `poisoned` is not from 0 to below 0.5 · a `privateMean`, which must see each client by itself
 * Source    Allouah et al. 2023, "Fixing by Mixing", algorithm 2 (NNM), arXiv:2302.01772
 */
export function nearestNeighbourMixing(combine: Combine, options: NearestNeighbourMixingOptions = {}): Combine {
  const { poisoned } = OPTIONS.read(options);
  if ((combine as Partial<PrivateMean>).spent !== undefined) {
    throw new LimbeckError(
      'invalid-option',
      '"nearestNeighbourMixing" spreads what one client sends over many parts, so that privateMean(…) would hide no client. Take one ' +
        'of both.',
    );
  }
  return {
    name: `mixed-${combine.name}`,
    combine(parts, before) {
      const count = parts.length - mostPoisoned(poisoned, parts.length);
      const mixed = distancesBetween(parts).map((distances, i) => {
        const nearest = [...parts.keys()].sort((a, b) => (distances[a] as number) - (distances[b] as number));
        // Nothing lies nearer than the part itself, but something may lie as near.
        const own = parts[i] as (typeof parts)[number];
        const others = nearest.filter((k) => k !== i).slice(0, count - 1);
        // In the order of the parts, so that those with the same neighbours get the same bits.
        const chosen = [i, ...others].sort((a, b) => a - b);
        return { ...own, values: meanOf(chosen.map((k) => ({ weight: 1, values: (parts[k] as typeof own).values }))) };
      });
      return combine.combine(mixed, before);
    },
  };
}
