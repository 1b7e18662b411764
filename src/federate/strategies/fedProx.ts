import { notNegative, type OptionsOf, schema } from '../../core/schema.ts';
import { sizeOf } from '../../core/shape.ts';
import { splitWeights } from '../../student/weightBytes.ts';
import type { Strategy } from '../strategy.ts';
import { weightsMember } from '../weightsMember.ts';

const OPTIONS = schema('fedProx', {
  /** How strongly a client's weights are pulled to the shared ones. The paper tries 0.001 to 1. Default 0.01. */
  mu: notNegative(0.01),
});

/** How far clients may go. */
export interface FedProxOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * FedAvg for clients whose data differ (FedProx): to a client's loss comes μ/2 · ‖w − w₀‖², where w₀ are the shared weights, so
 * that it does not drift away from the others.
 * Shapes    every weight of the student
 * Units     none
 * Throws    invalid-option
 * Source    Li et al. 2020, algorithm 2, arXiv:1812.06127
 */
export function fedProx(options: FedProxOptions = {}): Strategy {
  const { mu } = OPTIONS.read(options);
  return {
    name: 'fedProx',
    options: { mu },
    kind: 'weights',
    takesCombine: true,
    open: async (device) =>
      weightsMember(device, {
        adaptation: (_, artifacts) => {
          const ones = splitWeights(artifacts).map(({ name, shape }) => {
            return [name, { data: new Float32Array(sizeOf(shape)).fill(1), shape }] as const;
          });
          const anchor = { strength: mu, importance: Object.fromEntries(ones) };
          return { learns: 'all', statistics: 'moving', anchor };
        },
      }),
  };
}
