import { type OptionsOf, schema } from '../../core/schema.ts';
import { type Moment, SERVER, serverStrategy } from '../serverOptimizer.ts';
import type { Strategy } from '../strategy.ts';

const OPTIONS = schema('fedYogi', SERVER.fields);

/** How the shared weights follow the clients' mean change. */
export interface FedYogiOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Yogi on the server (FedYogi): as fedAdam, but the second moment grows and falls by steps of the same kind, so rare large changes do not make it forget.
 * Clients send as much as with fedAvg; a round begins with three times as much, as the moments travel too.
 * Shapes    every weight of the student, and two moments of each
 * Units     none
 * Throws    invalid-option
 * Source    Reddi et al. 2021, algorithm 2, arXiv:2003.00295
 * Differs   the statistics of batch normalization are averaged
 */
export function fedYogi(options: FedYogiOptions = {}): Strategy {
  const moment: Moment = (before, square, beta2) => before - (1 - beta2) * square * Math.sign(before - square);
  return serverStrategy('fedYogi', OPTIONS.read(options), moment);
}
