import { LimbeckError } from '../core/errors.ts';
import { command } from './command.ts';
import { SIMULATE_OPTIONS, simulateFederation } from './federate/simulateFederation.ts';

/** What `limbeck federate` does, by its first word. */
const WORKS = ['simulate', 'nats'] as const;

export const federateCommand = command({
  name: 'federate',
  summary: 'plays a federation, or sets up what many devices need to train one student together',
  usage: 'simulate|nats [options]',
  about: `simulate  divides the examples of --data among virtual clients, plays all rounds, and tells accuracy and bytes of each.

nats  writes what a NATS server reads: accounts, permissions of each device, TLS, websockets, a cluster, leaf nodes;
      and a file of credentials for each device and aggregator. Run it again with more devices: the keys that are there stay.
      docs/guide/federate-server.md goes through it in five minutes.`,
  options: {
    ...SIMULATE_OPTIONS,
    config: { kind: 'text', value: 'DIR', help: 'nats: where the files go, or are' },
    federation: { kind: 'text', value: 'NAME', help: 'nats: letters, digits, "_" and "-"; default federation' },
    device: { kind: 'texts', value: 'NAME', help: 'nats: a device that takes part; may be given several times' },
    aggregator: { kind: 'texts', value: 'NAME', help: 'nats: one that aggregates too; default aggregator' },
    host: {
      kind: 'texts',
      value: 'HOST',
      help: 'nats: where devices find the server; several are a cluster; default localhost',
    },
    'tls-cert': { kind: 'text', value: 'FILE', help: 'nats: the certificate, in PEM, as the server finds it' },
    'tls-key': { kind: 'text', value: 'FILE', help: 'nats: its key' },
    'tls-ca': { kind: 'text', value: 'FILE', help: 'nats: the authority that signed it, if it is your own' },
    origin: { kind: 'texts', value: 'ADDRESS', help: 'nats: where pages may come from, such as https://example.com' },
    leaf: { kind: 'texts', value: 'NAME=DEVICE', help: 'nats: the server of a site, and a device that it brings' },
    port: {
      kind: 'text',
      value: 'PORT',
      help: 'nats: for programs; websockets, cluster and leaf nodes use the next three; default 4222',
    },
  },
  words: WORKS,
  fails: 'where examples or files cannot be read or written, or do not fit',
  async work(values, [work, ...more], console) {
    if (more.length === 0 && work === 'simulate') return simulateFederation(values, console);
    if (more.length === 0 && work === 'nats') {
      const { writeNatsConfig } = await import('./federate/writeNatsConfig.ts');
      return writeNatsConfig(values, console);
    }
    throw new LimbeckError('invalid-option', `Say what to do: limbeck federate ${WORKS.join('|')}.`);
  },
});
