import { openWaker } from './clock.ts';
import { openLead } from './lead.ts';
import { openPresence, wakeOn } from './presence.ts';
import type { Session } from './session.ts';
import { type PartOptions, type Taken, takePart } from './takePart.ts';

/**
 * One client's life in a federation: it says that it is there, takes part, and aggregates if it may and no other does. Ends with
 * the federation, an error of any of these, or the signal; then others see at once that it has gone.
 */
export async function runRounds(session: Session, options: PartOptions): Promise<Taken> {
  const over = new AbortController();
  const follow = () => over.abort(session.signal.reason);
  session.signal.addEventListener('abort', follow, { once: true });
  if (session.signal.aborted) follow();
  const own = { ...session, signal: over.signal };
  const { board, clock, client } = own;
  const [headChanged, updatesChanged] = [openWaker(clock), openWaker(clock)];
  const watching = wakeOn(board.transport, 'head', headChanged);
  try {
    const lead = options.mayLead ? openLead(own) : undefined;
    const presence = await openPresence(own, over.signal, async () => lead?.renew());
    const leading = lead?.run(updatesChanged) ?? new Promise<void>(() => undefined);
    leading.catch(() => undefined);
    // Who leads ends last of all: the head says that all is done.
    const failed = Promise.all([presence.going, leading]).then(() => new Promise<never>(() => undefined));
    return await Promise.race([takePart(own, headChanged, options), failed]);
  } finally {
    session.signal.removeEventListener('abort', follow);
    watching.abort();
    over.abort();
    await board.transport.delete(`clients/${client}`).catch(() => undefined);
  }
}
