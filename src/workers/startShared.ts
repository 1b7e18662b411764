// Joins a worker that all tabs of the origin share; `serveTabs.ts` is its other side.
import { holdLock } from './holdLock.ts';
import { type Host, type MadeWorker, makeWorker, startHost, type WorkerOption, type WorkerPart } from './host.ts';

/** What a tab says first: the name of the lock that it holds until it leaves. */
export interface JoinMessage {
  readonly limbeck: 'join';
  readonly lock: string;
}

/** A clause that says what is missing; undefined if nothing is. */
export function sharedObstacle(): string | undefined {
  if (typeof SharedWorker === 'undefined') return 'this browser, or this thread, starts no SharedWorker';
  return navigator.locks === undefined
    ? 'there are no Web Locks here, by which a tab that is gone is noticed'
    : undefined;
}

/**
 * Joins the shared worker of that name, or starts it, from the script of the worker that `option` would start. Disposing leaves
 * it, and so does the end of this tab, however it ends.
 * Throws    worker-unreachable · invalid-option · Error: its script cannot be shared, such as a blob's
 */
export async function startShared<Api>(
  option: Exclude<WorkerOption, 'none'>,
  name: string,
  needed: WorkerPart,
): Promise<Host<Api>> {
  const [script, options] = scriptOf(() => makeWorker(option));
  const { lock, release } = await holdLock('tab');
  const join = () => {
    const worker = new SharedWorker(script, { ...options, name });
    const { port } = worker;
    worker.addEventListener('error', ({ message }) => port.dispatchEvent(new ErrorEvent('error', { message })));
    port.postMessage({ limbeck: 'join', lock } satisfies JoinMessage);
    port.start();
    const terminate = () => {
      release();
      port.close();
    };
    return Object.assign(port, { terminate }) as unknown as Worker;
  };
  try {
    return await startHost<Api>(join, needed);
  } catch (error) {
    release();
    throw error;
  }
}

/** With what `make` calls `new Worker`: bundlers know the one form in which it stands there, and put the address into it. */
function scriptOf(make: () => MadeWorker): [script: string, options: WorkerOptions] {
  const { Worker: Native } = globalThis;
  let given: [script: string, options: WorkerOptions] | undefined;
  globalThis.Worker = class extends EventTarget {
    constructor(script: string, options: WorkerOptions = {}) {
      super();
      given = [script, options];
    }
  } as unknown as typeof Worker;
  let made: MadeWorker;
  try {
    made = make();
  } finally {
    globalThis.Worker = Native;
  }
  if (given === undefined) {
    made.worker.terminate();
    throw new Error('the worker that is given has no address');
  }
  if (!/^https?:$/.test(new URL(given[0], location.href).protocol))
    throw new Error('the worker is no file of a server');
  return given;
}
