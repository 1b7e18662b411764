import { type OptionsOf, schema } from '../../core/schema.ts';
import { type Moment, SERVER, serverStrategy } from '../serverOptimizer.ts';
import type { Strategy } from '../strategy.ts';

const OPTIONS = schema('fedAdam', SERVER.fields);

/** How the shared weights follow the clients' mean change. */
export interface FedAdamOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Adam on the server (FedAdam): Adam follows the mean change of the clients, so weights that change little go as far as others.
 * Clients send as much as with fedAvg; a round begins with three times as much, as the moments travel too.
 * Shapes    every weight of the student, and two moments of each
 * Units     none
 * Throws    invalid-option
 * Source    Reddi et al. 2021, algorithm 2, arXiv:2003.00295
 * Differs   the statistics of batch normalization are averaged
 */
export function fedAdam(options: FedAdamOptions = {}): Strategy {
  const moment: Moment = (before, square, beta2) => beta2 * before + (1 - beta2) * square;
  return serverStrategy('fedAdam', OPTIONS.read(options), moment);
}
