import { LimbeckError } from '../core/errors.ts';
import * as losses from './all.ts';
import type { Loss } from './loss.ts';
import type { Schedule } from './schedule.ts';
import { type LossSpec, originOf } from './spec.ts';

/** Makes a loss from its options, and from the losses inside it where it combines others. */
type LossFactory = (options: Readonly<Record<string, unknown>>, terms: readonly Loss[]) => Loss;

/** Losses that are not limbeck's own, by name. One that combines others is given these as its second argument. */
export type KnownLosses = Readonly<Record<string, LossFactory>>;

/** limbeck's own losses that are made of others: not from their options alone. */
const COMBINERS: KnownLosses = {
  weighted: ({ weights }, terms) =>
    losses.weighted(
      terms.map((loss, i) => ({ loss, weight: (weights as readonly (number | Schedule)[])[i] as number })),
    ),
  uncertaintyWeighted: (_, terms) => losses.uncertaintyWeighted(terms),
  perToken: (_, terms) => losses.perToken(terms[0] as Loss),
  exampleWeighted: (options, terms) => losses.exampleWeighted(terms[0] as Loss, options),
};

/**
 * Makes a loss again from its name and options; on the thread where it was made, it is that loss itself. `known` adds
 * losses that are not limbeck's own.
 * Throws    unknown-loss: the name is not known on this side of the worker boundary
 */
export function reviveLoss(spec: LossSpec, known: KnownLosses = {}): Loss {
  const origin = originOf(spec);
  if (origin !== undefined) return origin;
  const all: Readonly<Record<string, LossFactory>> = { ...(losses as unknown as KnownLosses), ...COMBINERS, ...known };
  const factory = Object.hasOwn(all, spec.name) ? all[spec.name] : undefined;
  if (factory === undefined) {
    throw new LimbeckError(
      'unknown-loss',
      `The worker knows no loss "${spec.name}". Run with worker: 'none', or give a worker of your own that calls ` +
        `exposeWorker({ losses: { ${spec.name} } }) from 'limbeck/expose'.`,
      { details: { name: spec.name } },
    );
  }
  return factory(
    spec.options,
    spec.terms.map((term) => reviveLoss(term, known)),
  );
}
