import { LimbeckError } from '../core/errors.ts';
import { command } from './command.ts';

/** What `limbeck federate` does, by its first word. */
const WORKS = ['nats'] as const;

export const federateCommand = command({
  name: 'federate',
  summary: 'sets up what many devices need to train one student together',
  usage: 'nats [options] --config DIR',
  about: `nats  writes what a NATS server reads: accounts, permissions of each device, TLS, websockets, a cluster, leaf nodes;
      and a file of credentials for each device and aggregator. Run it again with more devices: the keys that are there stay.
      docs/guide/federate-server.md goes through it in five minutes.`,
  options: {
    config: { kind: 'text', value: 'DIR', help: 'where the files go, or are' },
    federation: { kind: 'text', value: 'NAME', help: 'letters, digits, "_" and "-"; default federation' },
    device: { kind: 'texts', value: 'NAME', help: 'a device that takes part; may be given several times' },
    aggregator: { kind: 'texts', value: 'NAME', help: 'one that aggregates too; default aggregator' },
    host: {
      kind: 'texts',
      value: 'HOST',
      help: 'where devices find the server; several are a cluster; default localhost',
    },
    'tls-cert': { kind: 'text', value: 'FILE', help: 'the certificate, in PEM, as the server finds it' },
    'tls-key': { kind: 'text', value: 'FILE', help: 'its key' },
    'tls-ca': { kind: 'text', value: 'FILE', help: 'the authority that signed it, if it is your own' },
    origin: { kind: 'texts', value: 'ADDRESS', help: 'where pages may come from, such as https://example.com' },
    leaf: { kind: 'texts', value: 'NAME=DEVICE', help: 'the server of a site, and a device that it brings' },
    port: {
      kind: 'text',
      value: 'PORT',
      help: 'for programs; websockets, cluster and leaf nodes use the next three; default 4222',
    },
  },
  words: WORKS,
  fails: 'where a file cannot be read or written',
  async work(values, [work, ...more], console) {
    if (work !== 'nats' || more.length > 0) {
      throw new LimbeckError('invalid-option', `Say what to do: limbeck federate ${WORKS.join('|')}.`);
    }
    const { writeNatsConfig } = await import('./federate/writeNatsConfig.ts');
    return writeNatsConfig(values, console);
  },
});
