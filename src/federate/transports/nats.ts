import { invalidOption } from '../../core/options.ts';
import { count, flag, given, type OptionsOf, positive, required, schema, text } from '../../core/schema.ts';
import { connectNats, type NatsAddress } from '../nats/connectNats.ts';
import { natsError } from '../nats/natsErrors.ts';
import { entryStream, entrySubject, keyOf, READ_BY_ALL, SINGLE_KEYS } from '../nats/natsNames.ts';
import { natsObjects } from '../nats/natsObjects.ts';
import { gone, openStreams, unlessDenied } from '../nats/natsStreams.ts';
import { checkKey, isKeyPart, ownBytes, type Transport } from '../transport.ts';
import { changesOf, type Listen } from './changesOf.ts';

const OPTIONS = schema('openNats', {
  /** Addresses of servers of one cluster: `wss://…` in a page, `tls://…` or `nats://…` in Node too. */
  servers: required(given<string | readonly string[]>()),
  /** The federation: letters, digits, "_" and "-". All clients give the same. */
  federation: required(text()),
  /** The name of this user, for its permissions and inbox. */
  user: text(),
  /** The user's password. */
  password: text(),
  /** In place of a password: the seed of the user's nkey. */
  seed: text(),
  /** In place of a user: a token. */
  token: text(),
  /** Whether this user is a device, which may only write its own; the files of `limbeck federate nats` say so. Default false. */
  device: flag(false),
  /** At a site's own server, a leaf node: the domain of the servers beyond it, 'limbeck'. Default: none. */
  domain: text(),
  /** In Node: a file with the certificate of the authority that signed the server's. */
  caFile: text(),
  /** On how many servers of a cluster everything is kept; whoever is first decides. Default 1. */
  replicas: count(1)(1),
  /** How long servers may be away before work that needs them fails, in milliseconds. Default 30,000. */
  patienceMs: positive(30_000),
});

/** Options of `openNats`; a file that `limbeck federate nats` writes for a device holds all that it needs. */
export interface NatsOptions extends NatsAddress, OptionsOf<typeof OPTIONS> {}

/**
 * A federation on a NATS server with JetStream, or a cluster of them. Entries are a key-value bucket of the federation's name.
 * A connection that is lost is made again, and work that was under way goes on; only when no server answers for `patienceMs` it fails.
 *
 * What a device may do is decided by the server (`limbeck federate nats`). One that may not list or listen to others' entries is
 * told only of changes of what all may read.
 * Throws    nats-unreachable · invalid-option · backend-unavailable: in Node, @nats-io/transport-node is missing ·
 *           permission-denied: the server refuses; `details.subject` says what · transport-failed
 * Differs   objects are pieces in a stream of their own and not NATS's object store, whose subjects hide the names: no permission
 *           could tell one device's update from another's
 * @example
 * const transport = await openNats({ servers: 'wss://nats.example:8443', federation: 'digits', user: 'phone-1', seed: 'SU…' });
 */
export async function openNats(options: NatsOptions): Promise<Transport> {
  checkPlace(options);
  const { federation, device, domain, replicas, patienceMs, ...address } = OPTIONS.read(options);
  const connection = await connectNats(address);
  const over = new AbortController();
  const opening = openStreams(connection, {
    ...{ federation, device, domain, replicas, patienceMs },
    signal: over.signal,
  });
  const streams = await opening.catch(async (error: unknown): Promise<never> => {
    await connection.close();
    throw error;
  });
  const entries = entryStream(federation);
  const objects = natsObjects(streams, federation);
  const at = (key: string) => entrySubject(federation, open(key));

  function open(key: string): string {
    if (over.signal.aborted) throw gone();
    return checkKey(key);
  }

  return {
    name: 'nats',

    async get(key) {
      const kept = await streams.last(entries, at(key));
      // A device can only mark what it removes.
      if (kept?.isGone && streams.isTrusted) await streams.purge(entries, at(key), kept.sequence);
      return kept === undefined || kept.isGone
        ? undefined
        : { value: new Uint8Array(kept.bytes), revision: kept.sequence };
    },

    async put(key, value, revision) {
      const subject = at(key);
      const bytes = ownBytes(value);
      const made = await streams.write(subject, bytes, { after: revision });
      if (made !== undefined || revision !== 0) return made;
      // What says that an entry was removed is a message too.
      const kept = await streams.last(entries, subject);
      return kept?.isGone ? streams.write(subject, bytes, { after: kept.sequence }) : undefined;
    },

    async list(prefix) {
      if (over.signal.aborted) throw gone();
      const subjects = await streams.subjects(entries, entrySubject(federation, widest(String(prefix))));
      return subjects
        .map((subject) => keyOf(federation, subject))
        .filter((key) => key.startsWith(prefix))
        .sort();
    },

    watch(prefix, signal) {
      if (over.signal.aborted) throw gone();
      const patterns = streams.isTrusted ? [widest(String(prefix))] : READ_BY_ALL.entries;
      return changesOf(listening(patterns), prefix, [signal, over.signal]);
    },

    async delete(key) {
      const subject = at(key);
      const mark = await streams.write(subject, new Uint8Array(), { isGone: true });
      await unlessDenied(() => streams.purge(entries, subject, mark));
    },

    async putObject(key, bytes) {
      open(key);
      await objects.put(key, ownBytes(bytes));
    },

    async getObject(key, mostBytes) {
      open(key);
      return objects.get(key, mostBytes);
    },

    async deleteObject(key) {
      open(key);
      await objects.delete(key);
    },

    async [Symbol.asyncDispose]() {
      if (over.signal.aborted) return;
      over.abort();
      await connection.close();
    },
  };

  /** Tells of entries that are written while somebody waits; also of writes that came too late and changed nothing. */
  function listening(patterns: readonly string[]): Listen {
    return (changed, failed) => {
      const subscriptions = patterns.map((pattern) =>
        connection.subscribe(entrySubject(federation, pattern), {
          callback(error, message) {
            if (!error) changed(keyOf(federation, message.subject));
            else if (streams.isTrusted) failed(natsError(error));
          },
        }),
      );
      return () => {
        for (const subscription of subscriptions) if (!connection.isClosed()) subscription.unsubscribe();
      };
    };
  }
}

/** Throws    invalid-option: no addresses, or a federation that cannot be part of a subject */
function checkPlace({ servers, federation, domain }: NatsOptions): void {
  const addresses = [servers].flat();
  if (addresses.length === 0 || addresses.some((one) => typeof one !== 'string' || one === '')) {
    throw invalidOption('servers', servers, 'an address such as wss://nats.example:8443, or a list of them');
  }
  for (const [name, value] of Object.entries({ federation, domain })) {
    if (isKeyPart(value) || (name === 'domain' && value === undefined)) continue;
    throw invalidOption(name, value, '1 to 128 letters, digits, "_" and "-"');
  }
}

/** The narrowest pattern of whole parts that holds all keys of a prefix. */
function widest(prefix: string): string {
  if (SINGLE_KEYS.includes(prefix)) return prefix;
  const parts = prefix.split('/').slice(0, -1);
  return [...(parts.every(isKeyPart) ? parts : []), '>'].join('/');
}
