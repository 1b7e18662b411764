const POLL_MS = 1000;
/** Longer than a server on a poor connection takes to send the next part. */
const STALL_MS = 20_000;

/** What is done by one tab at a time. */
export interface Turn {
  /** The name of the Web Lock; undefined if others cannot do the same. */
  readonly lock: string | undefined;
  /** A number that changes while the one whose turn it is gets on. */
  readonly progress: () => Promise<number>;
  readonly signal?: AbortSignal;
  /** For tests. */
  readonly pollMs?: number;
  readonly stallMs?: number;
}

/**
 * Does something when no other tab, and no other caller in this one, does the same; without waiting longer if that one gets
 * no further for 20 s, because a tab that was frozen keeps its lock. Where there are no Web Locks, it is done at once.
 * Throws    what `work` throws · AbortError
 */
export async function afterOthers<Result>(
  { lock, progress, signal, pollMs = POLL_MS, stallMs = STALL_MS }: Turn,
  work: (hasWaited: boolean) => Promise<Result>,
): Promise<Result> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined || lock === undefined) return work(false);
  const atOnce = await locks.request(
    lock,
    { ifAvailable: true },
    async (held) => held && { result: await work(false) },
  );
  if (atOnce !== null) return atOnce.result;
  const waiting = new AbortController();
  const stop = () => waiting.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  let isStalled = false;
  let [last, changedAt] = [await progress().catch(() => 0), performance.now()];
  const poll = setInterval(async () => {
    const now = await progress().catch(() => last);
    if (now !== last) [last, changedAt] = [now, performance.now()];
    isStalled ||= performance.now() - changedAt > stallMs;
    if (isStalled) waiting.abort();
  }, pollMs);
  const end = () => {
    clearInterval(poll);
    signal?.removeEventListener('abort', stop);
  };
  let isMyTurn = false;
  try {
    return await locks.request(lock, { signal: waiting.signal }, () => {
      isMyTurn = true;
      end();
      return work(true);
    });
  } catch (error) {
    if (isMyTurn || !isStalled || signal?.aborted) throw error;
  } finally {
    end();
  }
  return work(true);
}
