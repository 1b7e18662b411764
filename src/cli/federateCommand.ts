import { LimbeckError } from '../core/errors.ts';
import { command } from './command.ts';
import { NATS_OPTIONS } from './federate/natsOptions.ts';
import { SIMULATE_OPTIONS, simulateFederation } from './federate/simulateFederation.ts';

/** What `limbeck federate` does, by its first word. */
const WORKS = ['simulate', 'nats'] as const;

export const federateCommand = command({
  name: 'federate',
  summary: 'plays a federation, or sets up the server on which its devices meet',
  usage: 'simulate|nats [options]',
  about: `simulate  divides the examples among virtual clients, plays all rounds, and tells accuracy and bytes of each.
nats      writes what a NATS server reads: accounts, permissions of each device, TLS, websockets, a cluster, leaf nodes; and a
          file of credentials for each device and aggregator. Run it again with more devices: the keys that are there stay.
          docs/guide/federate-server.md goes through it in five minutes.`,
  options: { ...SIMULATE_OPTIONS, ...NATS_OPTIONS },
  words: WORKS,
  fails: 'where examples or files cannot be read, or do not fit',
  async work(values, [work, ...more], console) {
    if (work === 'simulate' && more.length === 0) return simulateFederation(values, console);
    if (work !== 'nats' || more.length > 0) {
      throw new LimbeckError('invalid-option', `Say what to do: limbeck federate ${WORKS.join('|')}.`);
    }
    const { writeNatsConfig } = await import('./federate/writeNatsConfig.ts');
    return writeNatsConfig(values, console);
  },
});
