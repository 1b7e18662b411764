import { isAbortError, LimbeckError } from '../core/errors.ts';
import { derivedSeed } from '../core/random.ts';
import type { NamedArrays } from '../core/shape.ts';
import type { Kept } from './board.ts';
import type { Waker } from './clock.ts';
import type { Head, RoundRecord } from './records.ts';
import { contributeSecurely, type Hidden } from './secureRounds.ts';
import { modelRound, requireSame, type Session } from './session.ts';
import { sharedToBytes } from './sharedFile.ts';
import type { Place } from './strategy.ts';
import { updateHash, updateToBytes } from './update.ts';

/** What a client has done, and what it knows of all rounds. */
export interface Taken {
  readonly rounds: readonly RoundRecord[];
  /** Rounds in which its update was sent, and in which it came too late. */
  readonly sent: readonly number[];
  readonly late: readonly number[];
}

export interface PartOptions {
  /** Called with what a round begins with, once it is in the student, and with the result. */
  readonly onAdopted: (round: number) => Promise<void>;
  /** Whether this client may write what all share. Others wait until somebody has begun. */
  readonly mayLead: boolean;
  /** Whether this client reads and tells who contributed. */
  readonly readsRecords: boolean;
}

/**
 * A client's way through the rounds: it begins the federation if nobody has, takes each round's beginning, learns and sends if
 * it is to take part, and ends with the result. After a restart it goes on with the current round; an update that is already
 * there is not made again.
 */
export async function takePart(
  session: Session,
  waker: Waker,
  { onAdopted, mayLead, readsRecords }: PartOptions,
): Promise<Taken> {
  const { board, client, emit, signal, beatMs, member, federation, settings } = session;
  /** Another's name may be among the participants that is this client's, where it only aggregates. */
  const isIn = ({ participants }: Head) => session.examples > 0 && participants.includes(client);
  const records = new Map<number, RoundRecord>();
  const sent: number[] = [];
  const late: number[] = [];
  let adopted: string | undefined;
  let known: string | undefined;
  let isJoined = false;
  let announced = 0;
  /** Rounds to whose sum this client has given something: a second sum, of others, could be taken from the first. */
  const given = new Set<number>();

  async function hide(head: Head, over: AbortSignal): Promise<Hidden | undefined> {
    if (given.has(head.round)) return undefined;
    given.add(head.round);
    const before = await session.sharedOf(head);
    const values = await member.step(before, placeOf(session, head.round, over));
    return contributeSecurely(session, head, { values, before }, over);
  }

  /** Tells of the rounds that were aggregated since the last look, in order. */
  async function tellRecords({ record: newest, round, phase }: Head): Promise<void> {
    if (newest === undefined || newest === known) return;
    const found: RoundRecord[] = [];
    let at = phase === 'done' ? round : round - 1;
    for (let hash: string | undefined = newest; hash !== undefined && hash !== known && at > 0; at--) {
      const record: RoundRecord | undefined = await board.record(at, hash);
      if (record === undefined || record.round !== at) break;
      found.unshift(record);
      hash = record.before;
    }
    known = newest;
    for (const record of found) {
      records.set(record.round, record);
      const { round, attempt, by, base, result, contributions, rejected, missing, before } = record;
      emit({
        ...{ type: 'aggregated', round, attempt, by, base, result, contributions, rejected, missing },
        before,
      });
    }
  }

  for (;;) {
    const there = await board.head();
    if (there === undefined && !mayLead) {
      await waker.wait(beatMs, signal);
      continue;
    }
    if (there === undefined) {
      const model = await board.putModel(1, await sharedToBytes(await member.first()));
      const first = { settings, phase: 'gathering', round: 0, attempt: 1, participants: [], model } as const;
      await board.putHead({ ...first, record: undefined }, 0);
      continue;
    }
    const head = there.record;
    requireSame(settings, head.settings, federation);
    if (!isJoined) {
      isJoined = true;
      emit({ type: 'joined', client, round: head.round });
    }
    if (head.phase !== 'gathering') {
      const isCurrent = await whileCurrent(session, waker, there, async (over) => {
        const key = `${modelRound(head)}/${head.model}`;
        const shared = await session.sharedOf(head);
        if (adopted !== key) {
          if (readsRecords) await tellRecords(head);
          await member.adopt(shared, placeOf(session, modelRound(head), over));
          adopted = key;
          await onAdopted(modelRound(head) - 1);
        }
        if (head.phase === 'done') return;
        const takesPart = isIn(head);
        if (announced !== head.round) {
          announced = head.round;
          emit({
            type: 'round',
            round: head.round,
            rounds: session.rounds,
            clients: head.participants.length,
            takesPart,
          });
        }
        if (!takesPart || sent.includes(head.round)) return;
        if (session.secure !== undefined) {
          const told = await hide(head, over);
          if (told === undefined) return;
          sent.push(head.round);
          emit({ type: 'sent', round: head.round, examples: session.examples, ...told });
          return;
        }
        if ((await board.receipt(head.round, client)) === undefined) await contribute(session, head, over);
        sent.push(head.round);
      });
      if (head.phase === 'done' && isCurrent) return { rounds: [...records.values()], sent, late };
      if (!isCurrent && isIn(head) && !sent.includes(head.round) && !late.includes(head.round)) {
        late.push(head.round);
        emit({ type: 'late', round: head.round });
      }
      if (!isCurrent) continue;
    }
    await waker.wait(beatMs, signal);
  }
}

/** A client's step as the bytes that it sends: the same for whoever has the same examples. */
export async function stepBytes(
  { client, federation, kind, encoding, member, examples, mostUpdateBytes }: Session,
  { shared, base }: { readonly shared: NamedArrays; readonly base: string },
  place: Place,
): Promise<Uint8Array<ArrayBuffer>> {
  const values = await member.step(shared, place);
  const bytes = await updateToBytes({
    ...{ federation, round: place.round, client, base, kind, examples },
    encoding: encoding?.name ?? 'plain',
    values: encoding === undefined ? values : await encoding.encode(values, shared),
  });
  if (bytes.length <= mostUpdateBytes) return bytes;
  throw new LimbeckError(
    'invalid-option',
    `An update has ${bytes.length} bytes, and "mostUpdateBytes" was ${mostUpdateBytes}. Raise it for all clients.`,
  );
}

/** Where a client's step stands: its seed depends on the client and the round. */
export function placeOf({ seed, client }: Pick<Session, 'seed' | 'client'>, round: number, signal: AbortSignal): Place {
  return { round, seed: derivedSeed(seed, `client/${round}/${client}`), signal };
}

async function contribute(session: Session, head: Head, over: AbortSignal) {
  const { board, client, federation, examples, emit, signatures } = session;
  const { round, model: base } = head;
  const bytes = await stepBytes(session, { shared: await session.sharedOf(head), base }, placeOf(session, round, over));
  const hash = await updateHash(bytes);
  const signature = await signatures?.sign({ federation, round, client, hash });
  const receipt = { round, client, hash, bytes: bytes.length, signature };
  await board.putUpdate(receipt, bytes);
  if (await board.putReceipt(receipt)) emit({ type: 'sent', round, bytes: bytes.length, examples, hash });
}

/**
 * Works as long as the head's round is the current one. Returns whether it still was at the end; work for a round that is over is
 * stopped. A model that is gone because the federation went on is no error either.
 */
async function whileCurrent(
  { board, beatMs, signal }: Session,
  waker: Waker,
  { record: head }: Kept<Head>,
  work: (over: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const over = new AbortController();
  const follow = () => over.abort(signal.reason);
  signal.addEventListener('abort', follow, { once: true });
  if (signal.aborted) follow();
  let isCurrent = true;
  const look = async () => {
    const now = (await board.head())?.record;
    isCurrent = now !== undefined && now.round === head.round && now.phase === head.phase;
    if (!isCurrent) over.abort();
  };
  const looking = async () => {
    while (!over.signal.aborted) {
      await waker.wait(beatMs, over.signal);
      await look();
    }
  };
  const watching = looking().catch(() => undefined);
  try {
    await work(over.signal);
  } catch (error) {
    if (signal.aborted) throw error;
    if (!isAbortError(error) && !(error instanceof LimbeckError && error.code === 'transport-failed')) throw error;
    await look();
    if (isCurrent) throw error;
  } finally {
    signal.removeEventListener('abort', follow);
    over.abort();
    await watching;
  }
  return isCurrent;
}
