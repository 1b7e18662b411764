import { LimbeckError } from '../core/errors.ts';
import { derivedSeed } from '../core/random.ts';
import { firstNonFinite, type NamedArrays } from '../core/shape.ts';
import type { Kept } from './board.ts';
import type { Waker } from './clock.ts';
import { meanOf, type Part } from './combine.ts';
import { wakeOn, watchClients } from './presence.ts';
import { readUpdate } from './readUpdate.ts';
import type { Contribution, Head, Rejection } from './records.ts';
import { type GatheredSum, gatherSecurely } from './secureRounds.ts';
import { modelRound, type Session } from './session.ts';
import { sharedToBytes } from './sharedFile.ts';
import type { RejectReason } from './update.ts';

/** So many updates are held at once, where their mean can stand for them. */
const MOST_PARTS = 64;

/**
 * Aggregates, if no other client does: whoever gets the lease opens rounds, waits for updates and closes rounds, until the
 * federation is done. The lease only saves work. What makes a round end once is the head, which is compared and set: if two
 * clients close a round, one of them loses, and the updates of a round are in one head or in none.
 */
export function openLead(session: Session) {
  const { board, clock, client, id, emit, signal, beatMs, vanishMs, roundMs } = session;
  const { minimumClients, clientsToBegin, clientsToEnd } = session;
  const watch = watchClients(board, clock, session);
  let lease: { revision: number; at: number; beat: number } | undefined;
  let others: { revision: number; at: number } | undefined;
  let opened: { key: string; at: number } | undefined;
  /** When this client first saw the last round, which others may join. */
  let ending: number | undefined;
  /** Clients of the current round whose update does not count. */
  let bad: { round: number; rejections: Map<string, RejectReason> } = { round: 0, rejections: new Map() };
  let told = '';
  /** Whether another client has led until now: a sum that it began is lost. */
  let isFresh = false;

  /** Whether this client has the lease, which it takes if nobody has renewed it for `vanishMs`. */
  async function leads(round: number): Promise<boolean> {
    const there = await board.lease();
    if (there?.record.session === id) {
      lease ??= { revision: there.revision, at: clock.now(), beat: there.record.beat };
      return true;
    }
    lease = undefined;
    if (there !== undefined && others?.revision !== there.revision) {
      others = { revision: there.revision, at: clock.now() };
      return false;
    }
    if (there !== undefined && others !== undefined && clock.now() - others.at < vanishMs) return false;
    const revision = await board.putLease({ holder: client, session: id, beat: 0 }, there?.revision ?? 0);
    if (revision === undefined) return false;
    lease = { revision, at: clock.now(), beat: 0 };
    opened = undefined;
    isFresh = true;
    emit({ type: 'leading', round });
    return true;
  }

  /** Called with every heartbeat, during an aggregation too. */
  async function renew(): Promise<void> {
    if (lease === undefined || clock.now() - lease.at < vanishMs / 3) return;
    const beat = lease.beat + 1;
    const revision = await board.putLease({ holder: client, session: id, beat }, lease.revision);
    lease = revision === undefined ? undefined : { revision, at: clock.now(), beat };
  }

  const chosen = (alive: readonly string[], round: number): string[] => {
    const count = Math.max(minimumClients, Math.ceil(session.participation * alive.length));
    const rank = (name: string) => derivedSeed(session.seed, `takes part/${round}/${name}`);
    const ranked = [...alive].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    return ranked.slice(0, count).sort();
  };

  const wait = (round: number, present: number, needed = minimumClients) => {
    if (told === `${round}/${present}`) return;
    told = `${round}/${present}`;
    emit({ type: 'waiting', round, present, needed });
  };

  async function tend({ record: head, revision }: Kept<Head>): Promise<void> {
    const [startedAt, alive] = [clock.now(), await watch.alive()];
    const { round } = head;
    if (head.phase === 'gathering') {
      isFresh = false;
      if (alive.length < clientsToBegin) return wait(round, alive.length, clientsToBegin);
      await board.putHead({ ...head, phase: 'open', round: 1, participants: chosen(alive, 1) }, revision);
      return;
    }
    const key = `${round}/${head.attempt}`;
    if (opened?.key !== key) opened = { key, at: clock.now() };
    if (bad.round !== round) bad = { round, rejections: new Map() };
    if (session.secure !== undefined) return tendSum({ record: head, revision }, alive);
    const participants = new Set(head.participants);
    const senders = (await board.senders(round)).filter((name) => participants.has(name)).sort();
    const sound = senders.filter((name) => !bad.rejections.has(name));
    const [isThere, hasSent] = [new Set(alive), new Set(senders)];
    const awaited = head.participants.filter((name) => !hasSent.has(name) && isThere.has(name));
    if (awaited.length > 0 && clock.now() - opened.at < roundMs) {
      // A look costs more with more clients, and each of their updates asks for one: half of the time stays for other work.
      return clock.sleep(Math.min(beatMs, clock.now() - startedAt), signal);
    }
    if (round === session.rounds) ending ??= clock.now();
    const mayWait = ending !== undefined && clock.now() - ending < roundMs;
    const needed = mayWait ? clientsToEnd : minimumClients;
    if (sound.length >= needed) {
      await close({ record: head, revision }, sound, alive);
      return;
    }
    // Those who can still make it, and whoever has come since.
    const newcomers = alive.filter((name) => !participants.has(name));
    if (newcomers.length === 0) return wait(round, sound.length + awaited.length, needed);
    const all = [...new Set([...senders, ...awaited, ...newcomers])].sort();
    await board.putHead({ ...head, attempt: head.attempt + 1, participants: all }, revision);
  }

  /** Adds up the round. One that fails is lost: nobody gives to two sums of a round, which would differ by single updates. */
  async function tendSum({ record: head, revision }: Kept<Head>, alive: readonly string[]): Promise<void> {
    if (alive.length < minimumClients) return wait(head.round, alive.length);
    let there = new Set(alive);
    const over = new AbortController();
    const looking = async () => {
      while (!over.signal.aborted) {
        await clock.sleep(beatMs, over.signal);
        there = new Set(await watch.alive());
      }
    };
    const watching = looking().catch(() => undefined);
    const isThere = (name: string) => there.has(name);
    const sum = isFresh ? undefined : await gatherSecurely(session, head, isThere).finally(() => over.abort());
    over.abort();
    await watching;
    isFresh = false;
    const gathered = (sum?.contributions.length ?? 0) < minimumClients ? 'lost' : (sum as GatheredSum);
    const names = gathered === 'lost' ? [] : gathered.contributions.map(({ client: name }) => name);
    await close({ record: head, revision }, names, [...there].sort(), gathered);
  }

  async function close(
    { record: head, revision }: Kept<Head>,
    senders: readonly string[],
    alive: readonly string[],
    gathered?: GatheredSum | 'lost',
  ) {
    const { round } = head;
    const startedAt = clock.now();
    const hasSent = new Set(senders);
    const sum = gathered === 'lost' ? undefined : gathered;
    const contributions: Contribution[] = [...(sum?.contributions ?? [])];
    const parts: Part[] = sum === undefined ? [] : [sum.part];
    const mayFold = session.combine.isMean === true && session.member.takesMeans === true;
    const reject = (name: string, why: RejectReason, message: string) => {
      bad.rejections.set(name, why);
      emit({ type: 'rejected', round, client: name, why, message });
    };
    for (const name of gathered === undefined ? senders : []) {
      try {
        const { part, contribution } = await readUpdate(session, head, name);
        parts.push(part);
        contributions.push(contribution);
        if (mayFold && parts.length > MOST_PARTS) parts.splice(0, parts.length, folded(parts));
      } catch (error) {
        if (!(error instanceof LimbeckError) || error.code !== 'update-invalid') throw error;
        reject(name, error.details['why'] as RejectReason, error.message);
      }
    }
    if (gathered !== 'lost' && contributions.length < minimumClients) return;
    const before = await session.sharedOf(head);
    const place = { round, seed: derivedSeed(session.seed, `aggregate/${round}`), signal };
    const combine = () => session.member.aggregate({ parts, before, combine: session.combine }, place);
    const combined = gathered === 'lost' ? { values: before, rejected: [] } : await combine();
    for (const { client: name, why, what } of combined.rejected) reject(name, why, what);
    const values = requireFinite(combined.values, round);
    const isLast = round >= session.rounds;
    const next = isLast
      ? { ...head, phase: 'done' as const }
      : { ...head, round: round + 1, attempt: 1, participants: chosen(alive, round + 1) };
    const result = await board.putModel(modelRound(next), await sharedToBytes(values));
    const rejected: Rejection[] = [...bad.rejections].map(([name, why]) => ({ client: name, why }));
    const record = await board.putRecord({
      ...{ round, attempt: head.attempt, by: client, base: head.model, result, rejected },
      contributions: contributions.filter(({ client: name }) => !bad.rejections.has(name)),
      missing: head.participants.filter((name) => !hasSent.has(name) && !bad.rejections.has(name)),
      before: head.record,
    });
    const isMine = (await board.putHead({ ...next, model: result, record }, revision)) !== undefined;
    if (!isMine) return;
    const bytes = contributions.reduce((sum, one) => sum + one.bytes, 0);
    emit({ type: 'closed', round, updates: contributions.length, bytes, ms: clock.now() - startedAt });
    const former = head.record === undefined ? undefined : await board.record(round - 1, head.record);
    await board.forget(round, former && { round: former.round, hash: former.base });
  }

  /** Whether an error only says that another client has closed the round meanwhile. */
  async function isOvertaken(error: unknown, { revision }: Kept<Head>): Promise<boolean> {
    if (!(error instanceof LimbeckError) || error.code !== 'transport-failed') return false;
    return (await board.head())?.revision !== revision;
  }

  return {
    renew,
    /** Lets another one lead at once. */
    async leave(): Promise<void> {
      if (lease !== undefined) await board.transport.delete('lease').catch(() => undefined);
    },
    async run(waker: Waker): Promise<void> {
      let watching: AbortController | undefined;
      const stop = () => watching?.abort();
      signal.addEventListener('abort', stop, { once: true });
      try {
        for (;;) {
          const head = await board.head();
          if (head?.record.phase === 'done') break;
          const isLeading = head !== undefined && (await leads(head.record.round));
          if (isLeading) {
            watching ??= wakeOn(board.transport, 'updates/', waker);
            await tend(head).catch(async (error: unknown) => {
              if (!(await isOvertaken(error, head))) throw error;
            });
          } else {
            stop();
            watching = undefined;
          }
          await waker.wait(beatMs, signal);
        }
      } finally {
        signal.removeEventListener('abort', stop);
        stop();
      }
    },
  };
}

/** Their mean, in place of many parts that would not fit into memory together. */
function folded(parts: readonly Part[]): Part {
  const weight = parts.reduce((sum, part) => sum + part.weight, 0);
  return { client: parts[0]?.client ?? '', weight, values: meanOf(parts) };
}

/** Throws    not-finite: updates that are finite each, and not together */
function requireFinite(values: NamedArrays, round: number): NamedArrays {
  const wrong = Object.entries(values).find(([, { data }]) => firstNonFinite(data) >= 0);
  if (wrong === undefined) return values;
  throw new LimbeckError(
    'not-finite',
    `What round ${round} gave is not finite in "${wrong[0]}". Lower the learning rate of the strategy, or take a "combine" that ` +
      'trusts no single client.',
    { details: { round, name: wrong[0] } },
  );
}
