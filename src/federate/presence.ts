import { LimbeckError } from '../core/errors.ts';
import type { Board } from './board.ts';
import type { Clock, Waker } from './clock.ts';
import type { Session } from './session.ts';
import type { Transport } from './transport.ts';

/**
 * Says that this client is there, again and again until the signal aborts; `onBeat` is called each time. The first beat is awaited.
 * A run that starts under a name that is in use takes it over, as after a reload; the other one ends.
 * Throws    federation-mismatch: another run has taken this client's name
 */
export async function openPresence(
  { board, client, id, clock, beatMs }: Pick<Session, 'board' | 'client' | 'id' | 'clock' | 'beatMs'>,
  signal: AbortSignal,
  onBeat: () => Promise<void>,
): Promise<{ readonly going: Promise<void> }> {
  let beat = 0;
  let revision = (await board.heartbeat(client))?.revision ?? 0;
  const tell = async () => {
    const made = await board.putHeartbeat({ client, session: id, beat: beat++ }, revision);
    if (made !== undefined) {
      revision = made;
      return;
    }
    const there = await board.heartbeat(client);
    // Somebody has removed it, or the answer to an own change was lost; while it joins, a former run may still be alive.
    if (there !== undefined && there.record.session !== id && beat > 1) throw taken(client);
    revision = there?.revision ?? 0;
  };
  await tell();
  const go = async () => {
    while (!signal.aborted) {
      await onBeat();
      await clock.sleep(beatMs, signal);
      if (!signal.aborted) await tell();
    }
  };
  const going = go();
  going.catch(() => undefined);
  return { going };
}

function taken(client: string): LimbeckError {
  return new LimbeckError(
    'federation-mismatch',
    `The client "${client}" works elsewhere now: another run has joined under the same name, so this one ends. Give each ` +
      'device and each tab a name of its own.',
    { details: { client } },
  );
}

/** Wakes somebody when an entry below a prefix changes, until it is aborted. A watch that fails is no loss: who waits also looks. */
export function wakeOn(transport: Transport, prefix: string, waker: Waker): AbortController {
  const over = new AbortController();
  const watch = async () => {
    for await (const _ of transport.watch(prefix, over.signal)) waker.wake();
  };
  watch().catch(() => undefined);
  return over;
}

/** Who is there, as one device sees it: by what changes, not by anybody's clock. */
export interface Watch {
  /** The clients that were there within the last `vanishMs`, in the order of their names. */
  alive(): Promise<readonly string[]>;
}

export function watchClients(
  board: Board,
  clock: Clock,
  { beatMs, vanishMs }: Pick<Session, 'beatMs' | 'vanishMs'>,
): Watch {
  const seen = new Map<string, { revision: number; at: number }>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    async alive() {
      const now = clock.now();
      if (now - lookedAt >= beatMs) {
        lookedAt = now;
        const names = await board.clients();
        const gone = new Set(seen.keys());
        for (const name of names) {
          gone.delete(name);
          // An entry that cannot be read is nobody's.
          const beat = await board.heartbeat(name).catch(() => undefined);
          if (beat !== undefined && seen.get(name)?.revision !== beat.revision) {
            seen.set(name, { revision: beat.revision, at: clock.now() });
          }
        }
        for (const name of gone) seen.delete(name);
      }
      return [...seen].flatMap(([name, { at }]) => (clock.now() - at < vanishMs ? [name] : [])).sort();
    },
  };
}
