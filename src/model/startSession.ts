import { withPeers } from '../core/withPeers.ts';
import { endWorker } from '../workers/endWorker.ts';
import { startHost, type WorkerOption, type WorkerPart } from '../workers/host.ts';

/** Holds a model on the thread where it was made; `close` ends it. */
interface Session {
  close(): Promise<void>;
}

export type StartedSession<S extends Session> = Omit<S, 'close'> & AsyncDisposable;

/**
 * Starts a session in a worker of its own, or, for 'none', on this thread, where `here` makes it. `calls` names its functions.
 * Throws    worker-unreachable · invalid-option: a worker of another kind
 */
export async function startSession<S extends Session>(
  worker: WorkerOption,
  part: WorkerPart,
  calls: readonly Exclude<keyof S & string, 'close'>[],
  here: () => Promise<S>,
): Promise<StartedSession<S>> {
  if (worker === 'none') {
    const { close, ...session } = await withPeers(here);
    return { ...session, [Symbol.asyncDispose]: close };
  }
  const host = await startHost<Record<WorkerPart, S>>(worker, part);
  return remoteSession<S>(
    calls,
    (use) => host.call((api) => use(api[part])),
    // onnxruntime gives memory back only when its worker ends, and the kernels' threads are sent away before.
    () => endWorker(host, (api) => api[part].close()),
  );
}

/** A session on another thread: `call` reaches it, `end` ends it. */
export function remoteSession<S extends Session>(
  calls: readonly Exclude<keyof S & string, 'close'>[],
  call: <T>(use: (session: S) => Promise<T>) => Promise<T>,
  end: () => Promise<void>,
): StartedSession<S> {
  const remote = calls.map((name) => [
    name,
    (...given: never[]) => call((session) => (session as unknown as Calls)[name]?.(...given) as Promise<unknown>),
  ]);
  return { ...(Object.fromEntries(remote) as Omit<S, 'close'>), [Symbol.asyncDispose]: end };
}

type Calls = Readonly<Record<string, (...given: never[]) => Promise<unknown>>>;
