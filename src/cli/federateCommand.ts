import { LimbeckError } from '../core/errors.ts';
import { command } from './command.ts';
import { NATS_OPTIONS } from './federate/natsOptions.ts';
import { SERVE_OPTIONS, serveFederation } from './federate/serveFederation.ts';
import { SIMULATE_OPTIONS, simulateFederation } from './federate/simulateFederation.ts';

/** What `limbeck federate` does, by its first word. */
const WORKS = ['simulate', 'nats', 'serve'] as const;

export const federateCommand = command({
  name: 'federate',
  summary: 'plays a federation, sets up its server, or aggregates for its devices',
  usage: 'simulate|nats|serve [options]',
  about: `simulate  divides the examples among virtual clients, plays all rounds, and tells accuracy and bytes of each.
nats      writes what a NATS server reads: accounts, permissions of each device, TLS, websockets, a cluster, leaf nodes; and a
          file of credentials for each device and aggregator. Run it again with more devices: the keys that are there stay.
          docs/guide/federate-server.md goes through it in five minutes.
serve     aggregates for devices that may not, until all rounds are over. It has no examples, and keeps nothing that is not on the
          NATS server: end it, start it again, or run several. Strategies that need public examples take them from --data.`,
  options: { ...SIMULATE_OPTIONS, ...NATS_OPTIONS, ...SERVE_OPTIONS },
  words: WORKS,
  fails: 'where examples or files cannot be read, or do not fit',
  async work(values, [work, ...more], console) {
    if (work === 'simulate' && more.length === 0) return simulateFederation(values, console);
    if (work === 'serve' && more.length === 0) return serveFederation(values, console);
    if (work !== 'nats' || more.length > 0) {
      throw new LimbeckError('invalid-option', `Say what to do: limbeck federate ${WORKS.join('|')}.`);
    }
    const { writeNatsConfig } = await import('./federate/writeNatsConfig.ts');
    return writeNatsConfig(values, console);
  },
});
