import type { Options } from '../command.ts';

export const NATS_OPTIONS = {
  config: { kind: 'text', value: 'DIR', help: 'nats: where the files go, or are' },
  federation: { kind: 'text', value: 'NAME', help: 'nats: letters, digits, "_" and "-"; default federation' },
  device: { kind: 'texts', value: 'NAME', help: 'nats: a device that takes part; may be given several times' },
  aggregator: { kind: 'texts', value: 'NAME', help: 'nats: one that aggregates too; default aggregator' },
  host: { kind: 'texts', value: 'HOST', help: 'nats: where devices find it; several are a cluster; default localhost' },
  'tls-cert': { kind: 'text', value: 'FILE', help: 'nats: the certificate, in PEM, as the server finds it' },
  'tls-key': { kind: 'text', value: 'FILE', help: 'nats: its key' },
  'tls-ca': { kind: 'text', value: 'FILE', help: 'nats: the authority that signed it, if it is your own' },
  origin: { kind: 'texts', value: 'ADDRESS', help: 'nats: where pages may come from, such as https://example.com' },
  leaf: { kind: 'texts', value: 'NAME=DEVICE', help: 'nats: the server of a site, and a device that it brings' },
  port: { kind: 'text', value: 'PORT', help: 'nats: for programs; the next three are for others; default 4222' },
} as const satisfies Options;
