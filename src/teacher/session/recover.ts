import { LimbeckError, messageOf, throwIfAborted } from '../../core/errors.ts';
import type { OpenedSession, Placement } from './sessionSettings.ts';
import type { StartedSession } from './sessionStart.ts';

/** A session and where it runs. */
export interface PlacedSession extends Pick<StartedSession, 'run' | 'timeMs' | 'measure'>, AsyncDisposable {
  readonly placement: Placement;
  readonly opened: OpenedSession;
}

/** Most restarts in a row for one batch, without an answer in between. */
const MOST_RESTARTS = 4;

export interface KeepRunningOptions {
  readonly first: PlacedSession;
  /** Opens the model again, in a new worker. */
  readonly open: (placement: Placement) => Promise<PlacedSession>;
  /** Whether a new worker can be started; on the page's own thread onnxruntime cannot start again. */
  readonly hasWorker: boolean;
  readonly tell: (notice: string) => void;
}

/** A session that continues elsewhere when its worker or its device fails. */
export interface RunningSession extends AsyncDisposable {
  /** The current session. */
  current(): PlacedSession;
  /**
   * Runs a job on the session. If that ends the session, opens another one, with less if necessary, and runs the job again.
   * Throws    what the job throws, if no other placement could help · AbortError · disposed
   */
  attempt<T>(job: (session: PlacedSession) => Promise<T>, batch: number, signal?: AbortSignal): Promise<T>;
  /** Goes on with another session and ends the one before. */
  replace(session: PlacedSession): Promise<void>;
}

export function keepRunning({ first, open, hasWorker, tell }: KeepRunningOptions): RunningSession {
  let current = first;
  let failures = 0;
  /** The largest batch that was answered. */
  let fits = 0;
  let restarting: Promise<void> | undefined;
  let isDisposed = false;
  /** Why no other session could be opened. */
  let broken: unknown;

  async function restart(error: unknown, used: Placement, batch: number): Promise<void> {
    let placement = used;
    for (let reason = error; ; ) {
      const next = nextPlacement(reason, placement, { failures, hasWorker, batch, fits });
      if (next === undefined || failures >= MOST_RESTARTS) throw reason;
      if (failures++ === 0 || next !== placement) tell(sentenceFor(reason, placement, next));
      await current[Symbol.asyncDispose]();
      try {
        const session = await open(next);
        if (isDisposed) await session[Symbol.asyncDispose]();
        else [current, broken] = [session, undefined];
        return;
      } catch (fault) {
        [reason, placement] = [fault, next];
        broken = fault;
      }
    }
  }

  /** Opens wasm in addition to the session that failed, and takes it if it answers: a faulty batch ends no session. */
  async function tryOnWasm<T>(error: unknown, used: PlacedSession, job: (session: PlacedSession) => Promise<T>) {
    const session = await open({ ...used.placement, threads: used.opened.threads, device: 'wasm' });
    try {
      const result = await job(session);
      tell(sentenceFor(error, used.placement, session.placement));
      await replace(session);
      return result;
    } catch (fault) {
      await session[Symbol.asyncDispose]();
      throw fault;
    }
  }

  async function replace(session: PlacedSession): Promise<void> {
    if (isDisposed) return session[Symbol.asyncDispose]();
    const before = current;
    current = session;
    await before[Symbol.asyncDispose]();
  }

  return {
    current: () => current,
    async attempt(job, batch, signal) {
      for (;;) {
        await restarting?.catch(() => undefined);
        if (isDisposed) throw new LimbeckError('disposed', 'The teacher was disposed while it worked.');
        if (broken !== undefined) throw broken;
        throwIfAborted(signal);
        const used = current;
        try {
          const result = await job(used);
          failures = 0;
          fits = Math.max(fits, batch);
          return result;
        } catch (error) {
          if (isDisposed) throw error;
          // Another job on the same session has handled it.
          if (used !== current || restarting !== undefined) continue;
          const { placement, opened } = used;
          if (placement.device === 'kernels' && isRefusal(error)) {
            const trial = tryOnWasm(error, used, job);
            restarting = trial.then(
              () => undefined,
              () => undefined,
            );
            return await trial.finally(() => {
              restarting = undefined;
            });
          }
          const parts = opened.fixedBatch === undefined ? batch : 1;
          restarting = restart(error, { ...placement, threads: opened.threads }, parts).finally(() => {
            restarting = undefined;
          });
          await restarting;
        }
      }
    },
    replace,
    async [Symbol.asyncDispose]() {
      isDisposed = true;
      await current[Symbol.asyncDispose]();
    },
  };
}

/** Whether a device failed on a batch only: it is still there, and has memory. */
function isRefusal(error: unknown): boolean {
  return error instanceof LimbeckError && error.code === 'teacher-failed' && error.details['isCrash'] !== true;
}

interface Circumstances {
  /** Restarts since the last answer. */
  readonly failures: number;
  readonly hasWorker: boolean;
  /** Examples in the batch that failed. */
  readonly batch: number;
  /** The largest batch that was ever answered. Default: unknown. */
  readonly fits?: number;
}

/** Where to try again after an error; undefined if that would change nothing. */
export function nextPlacement(
  error: unknown,
  placement: Placement,
  { failures, hasWorker, batch, fits }: Circumstances,
): Placement | undefined {
  if (!(error instanceof LimbeckError)) return undefined;
  const isMemory = error.code === 'out-of-memory';
  const isDeath = ['worker-died', 'thread-died'].includes(error.code) || error.details['isCrash'] === true;
  if (!isMemory && !isDeath && error.code !== 'teacher-failed') return undefined;
  const size = Math.min(placement.largestBatch ?? batch, batch);
  // First, a batch larger than any before is cut to the size that is known to fit.
  if (fits !== undefined && fits > 0 && size > fits && (isMemory || (isDeath && failures > 0))) {
    return { ...placement, largestBatch: Math.max(fits, Math.floor(size / 2)) };
  }
  if (placement.device !== 'wasm') return { ...placement, device: 'wasm' };
  if (!isMemory && !isDeath) return undefined;
  if (isDeath && failures === 0 && hasWorker) return placement;
  if (hasWorker && placement.threads !== undefined && placement.threads > 1) return { ...placement, threads: 1 };
  const half = Math.floor(size / 2);
  return half > 0 ? { ...placement, largestBatch: half } : undefined;
}

function sentenceFor(error: unknown, from: Placement, to: Placement): string {
  const change =
    from.device !== to.device
      ? `it runs on ${to.device} from now on`
      : from.largestBatch !== to.largestBatch
        ? `it computes ${to.largestBatch} examples at a time from now on`
        : to.threads === 1 && from.threads !== 1
          ? 'it runs on one thread from now on'
          : 'it was started again';
  return `The teacher on ${from.device} failed (${messageOf(error)}); ${change}, and the batch was asked again.`;
}
