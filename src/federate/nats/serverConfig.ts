import { DOMAIN } from './natsNames.ts';
import { aggregatorPermissions, devicePermissions, type Permissions, passages } from './permissions.ts';

// What a NATS server reads: https://docs.nats.io/running-a-nats-service/configuration. Each device has an account of
// its own, and only what is named here passes from it to the account where the streams are. In one account the permissions would
// not hold: a device may name any subject as the place of an answer, such as that of the head, and the answer would be kept there.
// Nothing that passes is renamed on its way: nats-server 2.10 crashes where such an import is the place of an answer.

/** A user and the public half of its nkey. */
export interface NatsUser {
  readonly name: string;
  readonly nkey: string;
}

/** Paths of PEM files, as the server finds them. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** The authority of the servers' certificates, with which the members of a cluster and leaf nodes check each other. */
  readonly ca?: string;
}

/** Ports on which a server listens. */
export interface NatsPorts {
  readonly client: number;
  readonly websocket: number;
  readonly cluster: number;
  readonly leaf: number;
}

/** A server of a site that brings its devices. */
export interface Leaf {
  readonly password: string;
  readonly devices: readonly string[];
}

/** What describes a federation's servers. */
export interface ServerPlan {
  readonly federation: string;
  readonly devices: readonly NatsUser[];
  readonly aggregators: readonly NatsUser[];
  /** Without it, servers listen on this machine only. */
  readonly tls?: TlsFiles;
  readonly leaves?: Readonly<Record<string, Leaf>>;
  /** Where pages may come from, such as https://example.com; any, if there are none. */
  readonly origins?: readonly string[];
}

/** One server of the plan. */
export interface ServerPlace {
  readonly name: string;
  readonly ports: NatsPorts;
  /** The folder of its streams. */
  readonly store: string;
  readonly cluster?: {
    readonly password: string;
    /** Hosts and ports of all members. */
    readonly members: readonly string[];
  };
}

const quoted = (text: string) => JSON.stringify(text);
const list = (texts: readonly string[]) => `[\n${texts.map((text) => `    ${quoted(text)}`).join('\n')}\n  ]`;

function userText({ name, nkey }: NatsUser, { publish, subscribe }: Permissions): string {
  return `    # ${name}
    { nkey: ${quoted(nkey)}, permissions: {
      publish: { allow: ${list(publish).replaceAll('\n', '\n    ')} }
      subscribe: { allow: ${list(subscribe).replaceAll('\n', '\n    ')} }
    } }`;
}

/** The accounts, which all servers share. It holds no secret: of each user the public half of a key. */
export function accountsText({ federation, devices, aggregators }: ServerPlan): string {
  const { services, news } = passages(federation, '*');
  return `# Written by "limbeck federate nats"; run it again to add devices.
accounts {
  # The streams, and who aggregates.
  FEDERATION: {
    jetstream: enabled
    users: [
${aggregators.map((one) => userText(one, aggregatorPermissions(federation, one.name))).join('\n')}
    ]
    exports: [
${services.map((subject) => `      { service: ${quoted(subject)} }`).join('\n')}
${news.map((subject) => `      { stream: ${quoted(subject)} }`).join('\n')}
    ]
  }
  # Each device writes its own, and reads what the federation tells all.
${devices.map((device) => deviceAccount(federation, device)).join('\n')}
  SYSTEM: { users: [] }
}
system_account: SYSTEM
`;
}

/** A device's account: it hears nothing of the others, and what it names as the place of an answer is in it. */
function deviceAccount(federation: string, device: NatsUser): string {
  const { services, news } = passages(federation, device.name);
  return `  ${accountOf(device.name)}: {
    users: [
${userText(device, devicePermissions(federation, device.name))}
    ]
    imports: [
${services.map((subject) => `      { service: { account: FEDERATION, subject: ${quoted(subject)} } }`).join('\n')}
${news.map((subject) => `      { stream: { account: FEDERATION, subject: ${quoted(subject)} } }`).join('\n')}
    ]
  }`;
}

const accountOf = (device: string) => quoted(`DEVICE_${device}`);

function tlsText(tls: TlsFiles | undefined, isVerified: boolean): string {
  if (tls === undefined) return '';
  const ca = tls.ca === undefined ? '' : `, ca_file: ${quoted(tls.ca)}`;
  return `\n  tls: { cert_file: ${quoted(tls.cert)}, key_file: ${quoted(tls.key)}${ca}, timeout: 5${isVerified ? ', verify: true' : ''} }`;
}

/** What one server reads; `accounts.conf` lies beside it. With members it holds the password of the cluster. */
export function serverText(plan: ServerPlan, { name, ports, store, cluster }: ServerPlace): string {
  const host = plan.tls === undefined ? '127.0.0.1' : '0.0.0.0';
  const origins = plan.origins?.length ? `\n  allowed_origins: [${plan.origins.map(quoted).join(', ')}]` : '';
  const routes = cluster?.members.map(
    (member) => `    ${quoted(`nats-route://members:${cluster.password}@${member}`)}`,
  );
  const members = cluster
    ? `
# The other servers. They know each other by this password${plan.tls ? ' and their certificates' : ''}.
cluster {
  name: ${quoted(plan.federation)}
  listen: "${host}:${ports.cluster}"${tlsText(plan.tls, true)}
  authorization: { user: "members", password: ${quoted(cluster.password)}, timeout: 5 }
  routes: [
${routes?.join('\n')}
  ]
}
`
    : '';
  const leafUsers = Object.entries(plan.leaves ?? {}).flatMap(([leaf, { password, devices }]) =>
    devices.map((device) => {
      const user = quoted(`${leaf}.${device}`);
      return `    { user: ${user}, password: ${quoted(password)}, account: ${accountOf(device)} }`;
    }),
  );
  const leaves =
    leafUsers.length > 0
      ? `
# Servers of sites that bring their devices. Each speaks for its own, and for no others.
leafnodes {
  listen: "${host}:${ports.leaf}"${tlsText(plan.tls, false)}
  authorization: { users: [
${leafUsers.join('\n')}
  ] }
}
`
      : '';
  return `# Written by "limbeck federate nats". Start it:  nats-server -c ${name}.conf
server_name: ${quoted(name)}
listen: "${host}:${ports.client}"${tlsText(plan.tls, false).replace('\n  ', '\n')}
max_payload: 1MB
# A device that does not keep up is disconnected, and comes back.
max_pending: 32MB
max_connections: 100000
max_subscriptions: 100
authorization: { timeout: 5 }

# Pages connect here.
websocket {
  listen: "${host}:${ports.websocket}"${plan.tls === undefined ? '\n  no_tls: true' : tlsText(plan.tls, false)}
  compression: true${origins}
}

jetstream {
  domain: ${quoted(DOMAIN)}
  store_dir: ${quoted(store)}
  max_file_store: 20GB
  max_memory_store: 0
}
${members}${leaves}
include "accounts.conf"
`;
}

/** What the server of a site reads: its devices connect to it as they would to the others. It holds the password of the leaf. */
export function leafText(plan: ServerPlan, leaf: string, hosts: readonly string[], ports: NatsPorts): string {
  const { password = '', devices = [] } = plan.leaves?.[leaf] ?? {};
  const scheme = plan.tls === undefined ? 'nats-leaf' : 'tls';
  const ca = plan.tls?.ca === undefined ? '' : `, tls: { ca_file: ${quoted(plan.tls.ca)} }`;
  const remote = (device: string) => {
    const urls = hosts.map((host) => quoted(`${scheme}://${leaf}.${device}:${password}@${host}:${ports.leaf}`));
    return `    { urls: [${urls.join(', ')}], account: ${accountOf(device)}${ca} }`;
  };
  const account = (device: NatsUser) => `  ${accountOf(device.name)}: { users: [
${userText(device, devicePermissions(plan.federation, device.name, DOMAIN))}
  ] }`;
  return `# Written by "limbeck federate nats". Start it at the site:  nats-server -c ${leaf}.conf
server_name: ${quoted(leaf)}
# For other machines of the site, listen to the site's own network here, with a certificate of its own.
listen: "127.0.0.1:${ports.client}"
websocket {
  listen: "127.0.0.1:${ports.websocket}"
  no_tls: true
}
leafnodes {
  remotes: [
${devices.map(remote).join('\n')}
  ]
}
accounts {
${plan.devices
  .filter(({ name }) => devices.includes(name))
  .map(account)
  .join('\n')}
  SYSTEM: { users: [] }
}
system_account: SYSTEM
`;
}
