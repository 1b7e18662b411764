import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { invalidOption } from '../../core/options.ts';
import { parseJson } from '../../core/parseJson.ts';
import { isTagged } from '../../core/tags.ts';
import type { DeviceKey } from '../deviceKey.ts';
import { isKeyPart, type Transport } from '../transport.ts';
import { secureClient } from './secureClient.ts';
import { checkSurvivors, readMessage, writeMessage } from './secureMessages.ts';
import type { SecureRound } from './secureRound.ts';
import { type SecureSum, secureServer } from './secureServer.ts';

// A round of secure aggregation on a transport. Beside the table of `Transport`:
// `secure/<session>/from/<step>/<client>`     entry    that client, once        which object is its message of that step
// `secure/<session>/answers/<step>/<to>`      entry    whoever aggregates       which object is the answer, to 'all' or a client
// and below each the object, `…/<hash>`.

interface Meeting {
  readonly transport: Transport;
  readonly round: SecureRound;
  /** For how long whoever aggregates waits for the clients of a step, in milliseconds; clients wait ten times as long. Default 30,000. */
  readonly stepMs?: number;
  readonly signal?: AbortSignal;
}

export interface SecureLead extends Meeting {
  /** Whether a client is still there, as its heartbeat tells: others are not waited for. Default: all are. */
  readonly isThere?: (client: string) => boolean;
}

/** A client of a secure sum, and what it adds. */
export interface SecurePart extends Meeting {
  readonly client: string;
  readonly device: DeviceKey;
  /** What is added; see `weightedWords`. */
  readonly words: Uint32Array;
}

const STEP_MS = 30_000;
const LOOK_MS = 500;
const MOST_MESSAGE_BYTES = 64e6;
const ALL = 'all';

/**
 * A client's part in a round of secure aggregation. Returns whether its words are in the sum.
 * Throws    aggregation-refused · too-few-clients · transport-failed: whoever aggregates does not answer · invalid-option
 */
export async function joinSecureSum({ client, device, words, ...meeting }: SecurePart): Promise<boolean> {
  const { transport, round, stepMs = STEP_MS, signal } = checked(meeting);
  const own = secureClient(round, client, device);
  const say = (step: number, message: unknown) => post(transport, from(round, step, client), writeMessage(message));
  const hear = async (step: number, to = ALL) => {
    const found = await waitFor(transport, [answers(round, step, to)], () => true, 10 * stepMs, signal);
    const bytes = found.get(answers(round, step, to));
    if (bytes !== undefined) return bytes;
    throw new LimbeckError(
      'transport-failed',
      `Whoever aggregates has not answered step ${step} of the secure round "${round.session}". The update stays hidden; take part in ` +
        'the next round.',
      { details: { session: round.session, step } },
    );
  };
  // Before a restart it may have taken part; what it has sent then cannot be gone on with.
  if ((await transport.get(from(round, 1, client))) !== undefined) return false;
  await say(1, await own.advertise());
  const adverts = readMessage('adverts', await hear(1));
  if (!adverts.some((advert) => advert.client === client)) return false;
  await say(2, await own.shareSecrets(adverts));
  await say(3, await own.mask(words, readMessage('shares', await hear(2, client))));
  const survivors = checkSurvivors(readMessage('survivors', await hear(3)));
  if (!survivors.includes(client)) return false;
  await say(4, await own.confirm(survivors));
  await say(5, await own.reveal(readMessage('confirmations', await hear(4))));
  return true;
}

/**
 * Whoever adds up a round of secure aggregation: waits for the clients of each step, at most for so long, and goes on with those that
 * are there. What it put on the transport is removed at the end.
 * Throws    too-few-clients · aggregation-failed · invalid-option
 */
export async function leadSecureSum({
  isThere = () => true,
  ...meeting
}: SecureLead): Promise<SecureSum & { readonly rejected: readonly string[] }> {
  const { transport, round, stepMs = STEP_MS, signal } = checked(meeting);
  const server = secureServer(round);
  const broken = new Set<string>();
  /** The messages of a step, by client, of those who can have sent one. */
  const hear = async <T>(
    step: number,
    clients: readonly string[],
    read: (bytes: Uint8Array<ArrayBuffer>, client: string) => T,
  ) => {
    const keys = new Map(clients.map((client) => [from(round, step, client), client]));
    const isAwaited = (key: string) => isThere(keys.get(key) as string);
    const found = await waitFor(transport, [...keys.keys()], isAwaited, stepMs, signal);
    const messages = new Map<string, T>();
    for (const [key, bytes] of found) {
      const client = keys.get(key) as string;
      try {
        messages.set(client, read(bytes, client));
      } catch (error) {
        if (!(error instanceof LimbeckError)) throw error;
        broken.add(client);
      }
    }
    return messages;
  };
  const say = (step: number, message: unknown, to = ALL) =>
    post(transport, answers(round, step, to), writeMessage(message));
  try {
    const keys = await hear(1, [...round.roster.keys()], (bytes, client) => ({
      ...readMessage('advert', bytes),
      client,
    }));
    const adverts = await server.adverts([...keys.values()]);
    const known = adverts.map(({ client }) => client);
    await say(1, adverts);
    const sealed = await hear(2, known, (bytes, client) =>
      readMessage('shares', bytes).map((one) => ({ ...one, from: client })),
    );
    const delivered = server.shares(sealed);
    for (const [client, shares] of delivered) await say(2, shares, client);
    const survivors = server.masked(await hear(3, [...delivered.keys()], (bytes) => readMessage('words', bytes)));
    await say(3, survivors);
    const signed = await hear(4, survivors, (bytes, client) => ({ ...readMessage('confirmation', bytes), client }));
    const confirmations = await server.confirmations([...signed.values()]);
    await say(4, confirmations);
    const asked = confirmations.map(({ client }) => client);
    const sum = await server.unmask(await hear(5, asked, (bytes) => readMessage('revealed', bytes)));
    return { ...sum, rejected: [...new Set([...broken, ...server.rejected.map(({ client }) => client)])].sort() };
  } finally {
    await forget(transport, round).catch(() => undefined);
  }
}

const from = ({ session }: SecureRound, step: number, client: string) => `secure/${session}/from/${step}/${client}`;
const answers = ({ session }: SecureRound, step: number, to: string) => `secure/${session}/answers/${step}/${to}`;

/** Throws    invalid-option: a session or a client that cannot be part of a key */
function checked<T extends Meeting>(meeting: T): T {
  const { session, roster } = meeting.round;
  if (!isKeyPart(session)) throw invalidOption('session', session, '1 to 128 letters, digits, "_" and "-"');
  for (const client of roster.keys()) {
    if (!isKeyPart(client) || client === ALL)
      throw invalidOption('roster', client, `names of letters, digits, "_" and "-", not "${ALL}"`);
  }
  return meeting;
}

async function post(transport: Transport, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const hash = await sha256(bytes);
  await transport.putObject(`${key}/${hash}`, bytes);
  await transport.put(key, new TextEncoder().encode(JSON.stringify({ hash })), 0);
}

/** What lies at some keys, as soon as it lies at all that are awaited, or when the time is over. Bytes that are not whole are not there. */
async function waitFor(
  transport: Transport,
  keys: readonly string[],
  isAwaited: (key: string) => boolean,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const found = new Map<string, Uint8Array<ArrayBuffer>>();
  const until = performance.now() + ms;
  for (;;) {
    throwIfAborted(signal);
    for (const key of keys) {
      const bytes = found.has(key) ? undefined : await messageAt(transport, key);
      if (bytes !== undefined) found.set(key, bytes);
    }
    const left = until - performance.now();
    if (left <= 0 || keys.every((key) => found.has(key) || !isAwaited(key))) return found;
    await changeOf(transport, keys, Math.min(left, LOOK_MS), signal);
  }
}

async function messageAt(transport: Transport, key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const entry = await transport.get(key);
  if (entry === undefined) return undefined;
  try {
    const { hash } = parseJson(new TextDecoder().decode(entry.value)) as { readonly hash?: unknown };
    if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) return undefined;
    const bytes = await transport.getObject(`${key}/${hash}`, MOST_MESSAGE_BYTES);
    return bytes !== undefined && (await sha256(bytes)) === hash ? bytes : undefined;
  } catch (error) {
    if (isTagged(error, 'Error') && error.name === 'SyntaxError') return undefined;
    throw error;
  }
}

/** Waits until one of some entries changes, and for so long at most. */
async function changeOf(
  transport: Transport,
  keys: readonly string[],
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const over = new AbortController();
  const stop = () => over.abort();
  const timer = setTimeout(stop, ms);
  signal?.addEventListener('abort', stop, { once: true });
  // All keys of one call lie below the same step.
  const prefix = (keys[0] ?? '').split('/').slice(0, 4).join('/');
  try {
    for await (const key of transport.watch(`${prefix}/`, over.signal)) if (keys.includes(key)) break;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    over.abort();
  }
}

/** Removes what a round has left on the transport. */
async function forget(transport: Transport, { session }: SecureRound): Promise<void> {
  for (const key of await transport.list(`secure/${session}/`)) {
    const entry = await transport.get(key);
    const { hash } =
      entry === undefined ? {} : (parseJson(new TextDecoder().decode(entry.value)) as { readonly hash?: unknown });
    if (isKeyPart(hash)) await transport.deleteObject(`${key}/${hash}`);
    await transport.delete(key);
  }
}
