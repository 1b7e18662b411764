import { later } from '../core/later.ts';
import { type Run, startRun } from '../core/run.ts';
import type { FederateEvent } from './events.ts';
import { type FederateOptions, readOptions } from './federateOptions.ts';
import type { Federated } from './federateReport.ts';

/**
 * Takes part in a federation: many devices teach one student, or each other, and no example leaves its device. Call it on each
 * device, with the same strategy, rounds and seed. Any client may aggregate; if it vanishes, another goes on. All that the
 * federation knows lies in the transport, so a client that starts again, or all of them, go on with the current round, and
 * an update counts once.
 * A cancelled run leaves the student with the weights of the last round that it has seen.
 * Throws    invalid-option · labels-missing · empty-dataset · student-in-use · student-invalid · federation-mismatch: options or
 *           student differ from the federation's, or another run has this client's name · transport-failed · what training
 *           throws · AbortError
 * Source    McMahan et al. 2017, arXiv:1602.05629 (rounds); strategies name their own
 *
 * @example
 * const transport = await openBroadcastChannel('digits');
 * const run = federate({ student: mlp(), data: labelled, transport, client: 'kitchen', minimumClients: 3 });
 * for await (const event of run) if (event.type === 'aggregated') show(event.contributions);
 * const { student: ours, report } = await run.done;
 */
export function federate(options: FederateOptions): Run<Federated, FederateEvent> {
  return startRun(async (emit, signal) => {
    const settings = readOptions(options);
    const { runFederate } = await later(import('./runFederate.ts'));
    return runFederate(settings, emit, signal);
  }, options.signal);
}
