import type { JetStreamClient, JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { LimbeckError, messageOf } from '../../core/errors.ts';
import { transportFailed } from '../transport.ts';
import { isPassing, isStreamMissing, isStreamThere, isWrongSequence, natsError } from './natsErrors.ts';
import { entryStream, entrySubject, jetstreamOf, manifestSubject, objectStream, pieceSubject } from './natsNames.ts';

/** The last message of a subject. */
export interface Kept {
  readonly bytes: Uint8Array;
  readonly sequence: number;
  /** Whether it says that what was there is gone. */
  readonly isGone: boolean;
}

/** The two streams of a federation on one connection; requests are repeated while servers come and go. */
export interface NatsStreams {
  /** Whether this user may do everything in the federation; devices may not. */
  readonly isTrusted: boolean;
  /** Writes a subject's message, if the last one has this sequence; undefined if it has not. */
  write(
    subject: string,
    bytes: Uint8Array,
    options?: { readonly after?: number; readonly isGone?: boolean },
  ): Promise<number | undefined>;
  last(stream: string, subject: string): Promise<Kept | undefined>;
  /** The subjects that have messages. */
  subjects(stream: string, filter: string): Promise<string[]>;
  /** Removes messages, up to a sequence if one is given. */
  purge(stream: string, filter: string, upTo?: number): Promise<void>;
}

export interface StreamOptions {
  readonly federation: string;
  /** Whether this user is a device in an account of its own. */
  readonly device: boolean;
  /** The domain of the streams, where they lie beyond a leaf node. */
  readonly domain: string | undefined;
  readonly replicas: number;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** How long one request may take; a piece of an object on a slow line takes a while. */
const REQUEST_MS = 5000;
/** Waits between attempts. */
const PAUSE_MS = [50, 100, 200, 400, 800];
/** A server of a cluster may not have yet what another has: who may only ask any of them looks again. */
const LOOKS_AGAIN = 3;
/** Messages that are kept of an entry: who lost the answer to a write finds its message among them, though others wrote since. */
const ENTRY_MESSAGES = 8;
/** What a message is told from its repetition by. */
const MESSAGE_ID = 'Nats-Msg-Id';
/** What marks a removed value in a key-value bucket. */
const OPERATION = 'KV-Operation';

/**
 * Finds the streams of a federation, and creates them if this user may.
 * Throws    permission-denied · transport-failed: they are not there, or nobody answers for `patienceMs`
 */
export async function openStreams(connection: NatsConnection, options: StreamOptions): Promise<NatsStreams> {
  const { federation, device, domain, patienceMs, signal } = options;
  const [{ headers }, { jetstream, jetstreamManager }] = await Promise.all([
    import('@nats-io/nats-core'),
    import('@nats-io/jetstream'),
  ]);
  const apiPrefix = jetstreamOf(domain);
  const form = { checkAPI: false, timeout: Math.min(REQUEST_MS, patienceMs), apiPrefix };
  const js: JetStreamClient = jetstream(connection, form);
  const manager: JetStreamManager = await jetstreamManager(connection, form);
  const returns = returnsOf(connection);
  const patiently = <T>(work: () => Promise<T>) => untilAnswered(work, returns, patienceMs, signal);
  const isTrusted = !device;
  const isEntry = (subject: string) => subject.startsWith(entrySubject(federation, ''));
  const spoken = (subject: string) => (domain !== undefined && isEntry(subject) ? `${apiPrefix}.${subject}` : subject);
  if (isTrusted) await patiently(() => createStreams(manager, options));
  const ask = async (stream: string, subject: string) => {
    const query = { last_by_subj: subject };
    // The leader answers only who may ask for any message; any server of the cluster answers the rest.
    const found = isTrusted
      ? await manager.streams.getMessage(stream, query)
      : await manager.direct.getMessage(stream, query);
    if (found === null) return undefined;
    const isGone = ['DEL', 'PURGE'].includes(found.header?.get(OPERATION) ?? '');
    return { bytes: found.data, sequence: found.seq, isGone };
  };
  /** Where the message lies that was written next after a sequence, if it is this one. */
  const writtenAfter = async (subject: string, after: number, msgID: string) => {
    // The leader is asked, which has all that was written; the library declares this question for other servers only.
    const query = { next_by_subj: subject, seq: after + 1 };
    const next = await manager.streams.getMessage(entryStream(federation), query);
    return next?.header?.get(MESSAGE_ID) === msgID ? next.seq : undefined;
  };
  const streams: NatsStreams = {
    isTrusted,

    write(subject, bytes, { after, isGone = false } = {}) {
      // The same for each attempt, so that one whose answer was lost does not count twice.
      const msgID = crypto.randomUUID();
      const marks = headers();
      if (isGone) marks.set(OPERATION, 'DEL');
      const expect = after === undefined ? {} : { expect: { lastSubjectSequence: after } };
      let attempts = 0;
      return patiently(async () => {
        attempts++;
        try {
          return (await js.publish(spoken(subject), bytes, { msgID, headers: marks, ...expect })).seq;
        } catch (error) {
          if (!isWrongSequence(error)) throw error;
          // A server knows repetitions of what it holds only: not if it began anew, and others have written since.
          const mayBeOwn = attempts > 1 && isTrusted && after !== undefined;
          return mayBeOwn ? await writtenAfter(subject, after, msgID) : undefined;
        }
      });
    },

    last: (stream, subject) =>
      patiently(async () => {
        for (let look = 1; ; look++) {
          const kept = await ask(stream, subject);
          if (kept !== undefined || isTrusted || look === LOOKS_AGAIN) return kept;
          await pause(50 * look);
        }
      }),

    subjects: (stream, filter) =>
      patiently(async () => {
        const { state } = await manager.streams.info(stream, { subjects_filter: filter });
        return Object.keys(state.subjects ?? {});
      }),

    purge: (stream, filter, upTo) =>
      patiently(async () => {
        await manager.streams.purge(stream, upTo === undefined ? { filter } : { filter, seq: upTo + 1 });
      }),
  };
  // A device waits until somebody has created them.
  if (device) await streams.last(entryStream(federation), entrySubject(federation, 'head'));
  return streams;
}

/** Those that are there stay as they are. */
async function createStreams(manager: JetStreamManager, { federation, replicas }: StreamOptions): Promise<void> {
  // No message may carry away others: a header that does so would let a device empty the whole stream.
  const form: Partial<StreamConfig> = {
    num_replicas: replicas,
    allow_direct: true,
    allow_rollup_hdrs: false,
    deny_delete: true,
  };
  const streams = [
    { name: entryStream(federation), max_msgs_per_subject: ENTRY_MESSAGES, subjects: [entrySubject(federation, '>')] },
    {
      name: objectStream(federation),
      max_msgs_per_subject: 1,
      subjects: [manifestSubject(federation, '>'), pieceSubject(federation, '>', '', '*').replace(/>.*/, '>')],
    },
  ];
  for (const stream of streams) {
    try {
      await manager.streams.info(stream.name);
    } catch (error) {
      if (!isStreamMissing(error)) throw error;
      try {
        await manager.streams.add({ ...form, ...stream });
      } catch (failure) {
        // Another end was faster.
        if (!isStreamThere(failure)) throw failure;
      }
    }
  }
}

/** Calls back, until it is told to stop, when a connection that was lost is there again: what was asked before gets no answer then. */
type Returns = (again: () => void) => () => void;

function returnsOf(connection: NatsConnection): Returns {
  const waiting = new Set<() => void>();
  const listening = async () => {
    for await (const { type } of connection.status()) {
      if (type === 'reconnect') for (const again of [...waiting]) again();
    }
  };
  listening().catch(() => undefined);
  return (again) => {
    waiting.add(again);
    return () => waiting.delete(again);
  };
}

const RETURNED = Symbol('the connection is there again');

/** The answer, or that the connection was lost and is there again. */
function answerOf<T>(work: () => Promise<T>, returns: Returns): Promise<T | typeof RETURNED> {
  return new Promise((resolve, reject) => {
    const stop = returns(() => resolve(RETURNED));
    work().then(resolve, reject).finally(stop);
  });
}

/** Repeats work while what fails may pass, for so long. */
async function untilAnswered<T>(
  work: () => Promise<T>,
  returns: Returns,
  patienceMs: number,
  signal: AbortSignal,
): Promise<T> {
  const until = performance.now() + patienceMs;
  for (let turn = 0; ; turn++) {
    if (signal.aborted) throw gone();
    try {
      const answer = await answerOf(work, returns);
      if (answer !== RETURNED) return answer as T;
    } catch (error) {
      if (signal.aborted) throw gone();
      if (!isPassing(error)) throw natsError(error);
      if (performance.now() > until) {
        throw transportFailed('nats', `no good answer in ${patienceMs} ms; the last was: ${messageOf(error)}`, error);
      }
      await pause(PAUSE_MS[Math.min(turn, PAUSE_MS.length - 1)] as number);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Does something that devices may not, and leaves it if this is one: whoever aggregates does it later. */
export async function unlessDenied(work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!(error instanceof LimbeckError && error.code === 'permission-denied')) throw error;
  });
}

/** The error of an end that was disposed. */
export function gone(): LimbeckError {
  return new LimbeckError('disposed', 'This end of the transport "nats" was disposed.');
}
