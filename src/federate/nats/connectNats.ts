import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { LimbeckError } from '../../core/errors.ts';
import { isNode, nodePackage } from '../../core/node.ts';
import { isLate, unreachable } from './natsErrors.ts';
import { inboxOf } from './natsNames.ts';

/** Who connects where. `limbeck federate nats` writes a file of these for each device. */
export interface NatsAddress {
  /** Such as `wss://nats.example:8443`; in Node also `tls://nats.example:4222`. Several are members of one cluster. */
  readonly servers: string | readonly string[];
  /** The name of this user, in its permissions and inbox. */
  readonly user?: string;
  readonly password?: string;
  /** In place of a password: the seed of an nkey, which begins with "SU". It never leaves the device. */
  readonly seed?: string;
  readonly token?: string;
  /** In Node: a file with the certificate of the authority that the server's was signed by. */
  readonly caFile?: string;
}

/** How long a server may take to answer at first. */
const CONNECT_MS = 10_000;
/** A busy device may be too slow for a server that waits for its signature. */
const ATTEMPTS = 3;
/** A connection that is lost is tried again for ever, at this interval; what waits for it has its own limit. */
const AGAIN_MS = 250;
/** A silent server is asked whether it is there at this interval, and given up after two questions. */
const PING_MS = 5000;

/**
 * Connects: by a websocket, or in Node also by TCP.
 * Throws    nats-unreachable: nobody answers, or the credentials are refused · backend-unavailable: in Node,
 *           @nats-io/transport-node is not installed
 */
export async function connectNats({
  servers,
  user,
  password,
  seed,
  token,
  caFile,
}: NatsAddress): Promise<NatsConnection> {
  const core = await import('@nats-io/nats-core');
  const options: NodeConnectionOptions = {
    servers: [servers].flat() as string[],
    name: `limbeck ${user ?? ''}`.trim(),
    timeout: CONNECT_MS,
    reconnectTimeWait: AGAIN_MS,
    maxReconnectAttempts: -1,
    pingInterval: PING_MS,
    ignoreClusterUpdates: false,
    noAsyncTraces: true,
    ...(user !== undefined && { inboxPrefix: inboxOf(user) }),
    ...(seed !== undefined
      ? { authenticator: core.nkeyAuthenticator(new TextEncoder().encode(seed)) }
      : { ...(user !== undefined && { user }), ...(password !== undefined && { pass: password }) }),
    ...(token !== undefined && { token }),
    // Without it a stranger in between could say that the server has no TLS.
    ...([servers].flat().some((one) => /^tls:/i.test(one)) && { tls: caFile === undefined ? {} : { caFile } }),
  };
  const connect = connectorFor(options, core.wsconnect as Connect);
  for (let attempt = 1; ; attempt++) {
    try {
      return await connect(options);
    } catch (error) {
      if (isLate(error) && attempt < ATTEMPTS) continue;
      throw error instanceof LimbeckError ? error : unreachable(options.servers as string[], error);
    }
  }
}

type Connect = (options: NodeConnectionOptions) => Promise<NatsConnection>;

/** How to connect here; leaves the addresses that go with it. Throws    backend-unavailable */
function connectorFor(options: NodeConnectionOptions, webConnect: Connect): Connect {
  const all = options.servers as string[];
  const web = all.filter((one) => /^wss?:/i.test(one));
  const others = all.filter((one) => !web.includes(one));
  options.servers = isNode() && others.length > 0 ? others : web;
  if (isNode() && others.length > 0) return nodeConnect();
  if (web.length > 0 && 'WebSocket' in globalThis) return webConnect;
  const needed = isNode()
    ? 'This Node has no WebSocket: give an address such as tls://nats.example:4222'
    : 'A page reaches NATS by websockets only: give an address such as wss://nats.example:8443';
  throw new LimbeckError('backend-unavailable', `${needed}, not ${all.join(', ')}.`);
}

function nodeConnect(): Connect {
  const found = nodePackage<{ readonly connect: Connect }>('@nats-io/transport-node', import.meta.url);
  if (found !== undefined) return found.connect;
  throw new LimbeckError(
    'backend-unavailable',
    'In Node, NATS needs @nats-io/transport-node, which is not installed here: npm install @nats-io/transport-node.',
    { details: { package: '@nats-io/transport-node' } },
  );
}
