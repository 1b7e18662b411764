import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import type { Clock } from './clock.ts';
import {
  fromBytes,
  type Head,
  type Heartbeat,
  type Lease,
  type Receipt,
  type RoundRecord,
  toBytes,
} from './records.ts';
import { type Entry, isKeyPart, type Transport } from './transport.ts';

/** What was read, with the revision that a change of it must name. */
export interface Kept<T> {
  readonly record: T;
  readonly revision: number;
}

/** The entries and objects of one federation by what they mean; the table of `Transport` in code. */
export interface Board {
  readonly transport: Transport;
  head(): Promise<Kept<Head> | undefined>;
  putHead(head: Omit<Head, 'version'>, revision: number): Promise<number | undefined>;
  lease(): Promise<Kept<Lease> | undefined>;
  putLease(lease: Omit<Lease, 'version'>, revision: number): Promise<number | undefined>;
  /** Names of all clients that were ever there. */
  clients(): Promise<string[]>;
  heartbeat(client: string): Promise<Kept<Heartbeat> | undefined>;
  putHeartbeat(beat: Omit<Heartbeat, 'version'>, revision: number): Promise<number | undefined>;
  /** Names of the clients that have sent an update of this round. */
  senders(round: number): Promise<string[]>;
  receipt(round: number, client: string): Promise<Receipt | undefined>;
  /** Whether it is the first of this client and round, or the same again. */
  putReceipt(receipt: Omit<Receipt, 'version'>): Promise<boolean>;
  update(
    receipt: Pick<Receipt, 'round' | 'client' | 'hash'>,
    mostBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
  putUpdate(receipt: Pick<Receipt, 'round' | 'client' | 'hash'>, bytes: Uint8Array): Promise<void>;
  /** What a round begins with; checked against its hash. Throws    transport-failed: it is gone, or another */
  model(round: number, hash: string): Promise<Uint8Array<ArrayBuffer>>;
  putModel(round: number, bytes: Uint8Array): Promise<string>;
  record(round: number, hash: string): Promise<RoundRecord | undefined>;
  putRecord(record: RoundRecord): Promise<string>;
  /** Removes updates of rounds before this one, and a model. */
  forget(before: number, model?: { readonly round: number; readonly hash: string }): Promise<void>;
  /** Bytes of values and objects so far. */
  traffic(): { readonly sentBytes: number; readonly receivedBytes: number };
}

export interface BoardOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For how long a transport that fails is asked again. */
  readonly offlineMs: number;
  readonly mostModelBytes: number;
  /** Told once when the transport begins to fail. */
  readonly notice: (message: string) => void;
}

/** Errors after which a transport is asked again. */
const MAY_PASS: readonly string[] = ['transport-failed', 'nats-unreachable'];
const FIRST_PAUSE_MS = 250;
const MOST_PAUSE_MS = 15_000;
const MOST_RECORD_BYTES = 100e6;

/**
 * Asks a transport that fails again, with growing pauses, until it has failed for `offlineMs`. A change that was made although its
 * answer was lost is seen as somebody else's; callers look before they conclude.
 */
export function openBoard(
  transport: Transport,
  { clock, signal, offlineMs, mostModelBytes, notice }: BoardOptions,
): Board {
  let [sentBytes, receivedBytes] = [0, 0];

  async function insist<T>(ask: () => Promise<T>): Promise<T> {
    const startedAt = clock.now();
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, MOST_PAUSE_MS)) {
      throwIfAborted(signal);
      try {
        return await ask();
      } catch (error) {
        const mayPass = error instanceof LimbeckError && MAY_PASS.includes(error.code);
        if (!mayPass || clock.now() - startedAt >= offlineMs) throw error;
        if (pause === FIRST_PAUSE_MS) notice(`${error.message} It is asked again.`);
        await clock.sleep(pause, signal);
      }
    }
  }

  const put = async (key: string, bytes: Uint8Array, revision: number) => {
    sentBytes += bytes.length;
    return insist(() => transport.put(key, bytes, revision));
  };
  const putObject = async (key: string, bytes: Uint8Array) => {
    sentBytes += bytes.length;
    await insist(() => transport.putObject(key, bytes));
  };
  const getObject = async (key: string, mostBytes: number) => {
    const bytes = await insist(() => transport.getObject(key, mostBytes));
    receivedBytes += bytes?.length ?? 0;
    return bytes;
  };
  const get = async (key: string): Promise<Entry | undefined> => {
    const entry = await insist(() => transport.get(key));
    receivedBytes += entry?.value.length ?? 0;
    return entry;
  };
  const namesBelow = async (prefix: string) => {
    const keys = await insist(() => transport.list(prefix));
    return keys.map((key) => key.slice(prefix.length)).filter(isKeyPart);
  };
  const keptOf = async <Kind extends 'head' | 'lease' | 'heartbeat'>(kind: Kind, key: string) => {
    const entry = await get(key);
    return entry && { record: fromBytes(kind, entry.value), revision: entry.revision };
  };
  const updateKey = ({ round, client, hash }: Pick<Receipt, 'round' | 'client' | 'hash'>) =>
    `updates/${round}/${client}/${hash}`;

  const receipt: Board['receipt'] = async (round, client) => {
    const entry = await get(`updates/${round}/${client}`);
    if (entry === undefined) return undefined;
    try {
      const record = fromBytes('receipt', entry.value);
      return record.round === round && record.client === client ? record : undefined;
    } catch {
      // Whoever may write it can only harm its own update.
      return undefined;
    }
  };
  return {
    transport,
    head: () => keptOf('head', 'head'),
    putHead: (head, revision) => put('head', toBytes('head', head), revision),
    lease: () => keptOf('lease', 'lease'),
    putLease: (lease, revision) => put('lease', toBytes('lease', lease), revision),
    clients: () => namesBelow('clients/'),
    heartbeat: (client) => keptOf('heartbeat', `clients/${client}`),
    putHeartbeat: (beat, revision) => put(`clients/${beat.client}`, toBytes('heartbeat', beat), revision),
    senders: (round) => namesBelow(`updates/${round}/`),
    receipt,
    async putReceipt(mine) {
      const { round, client } = mine;
      const made = await put(`updates/${round}/${client}`, toBytes('receipt', mine), 0);
      // The answer to an earlier try may have been lost.
      return made !== undefined || (await receipt(round, client))?.hash === mine.hash;
    },
    update: (of, mostBytes) => getObject(updateKey(of), mostBytes),
    putUpdate: (of, bytes) => putObject(updateKey(of), bytes),
    async model(round, hash) {
      const bytes = await getObject(`models/${round}/${hash}`, mostModelBytes);
      if (bytes !== undefined && (await sha256(bytes)) === hash) return bytes;
      throw new LimbeckError(
        'transport-failed',
        `The model of round ${round} ${bytes === undefined ? 'is not there, or is too large' : 'is not the one that its hash names'}. ` +
          'It was removed or replaced; a client that was away for several rounds starts again from the current one.',
        { details: { round, hash } },
      );
    },
    async putModel(round, bytes) {
      const hash = await sha256(bytes);
      await putObject(`models/${round}/${hash}`, bytes);
      return hash;
    },
    async record(round, hash) {
      const bytes = await getObject(`rounds/${round}/${hash}`, MOST_RECORD_BYTES);
      return bytes && (await sha256(bytes)) === hash ? fromBytes('round', bytes) : undefined;
    },
    async putRecord(record) {
      const bytes = toBytes('round', record);
      const hash = await sha256(bytes);
      await putObject(`rounds/${record.round}/${hash}`, bytes);
      return hash;
    },
    async forget(before, model) {
      if (model !== undefined) await insist(() => transport.deleteObject(`models/${model.round}/${model.hash}`));
      for (const key of await insist(() => transport.list('updates/'))) {
        const [, round = '', client = ''] = key.split('/');
        if (!(Number(round) < before)) continue;
        const sent = await receipt(Number(round), client);
        if (sent !== undefined) await insist(() => transport.deleteObject(updateKey(sent)));
        await insist(() => transport.delete(key));
      }
    },
    traffic: () => ({ sentBytes, receivedBytes }),
  };
}
