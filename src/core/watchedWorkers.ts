import { isTagged } from './tags.ts';

/** What to do about workers that other code starts. */
export interface WorkerWatch {
  /** The script to start in place of this address; undefined: as it is. */
  scriptOf?(url: string): string | undefined;
  started?(worker: Worker): void;
}

/** Those of the moment. */
const watches = new Set<WorkerWatch>();
/** The engine's own, while another is in its place. */
let native: typeof Worker | undefined;

/** Watches the workers that are started on this thread while `make` runs, and until its promise settles. */
export function watchingWorkers<T>(watch: WorkerWatch, make: () => T): T {
  if (typeof Worker === 'undefined') return make();
  begin(watch);
  let isPending = false;
  try {
    const made = make();
    if (!isTagged(made, 'Promise')) return made;
    isPending = true;
    return made.finally(() => end(watch)) as T;
  } finally {
    if (!isPending) end(watch);
  }
}

/**
 * Keeps the workers that `make` starts until its promise settles. Firefox (153) ends a worker of a worker when its garbage is
 * collected while nothing but the worker's own handlers leads to it, as with a library that waits for its threads to start: no event
 * tells, and the library waits for ever. `node scripts/engines.mjs starting` shows it.
 */
export async function keepingWorkers<T>(make: () => Promise<T>): Promise<T> {
  const kept = new Set<Worker>();
  try {
    return await watchingWorkers({ started: (worker) => kept.add(worker) }, make);
  } finally {
    kept.clear();
  }
}

function begin(watch: WorkerWatch): void {
  watches.add(watch);
  if (native !== undefined) return;
  native = Worker;
  globalThis.Worker = new Proxy(native, {
    construct(target, [script, ...options], newTarget) {
      // Read once: an object may answer differently the next time.
      const url = String(script);
      const own = [...watches].map((one) => one.scriptOf?.(url)).find((found) => found !== undefined);
      const worker = Reflect.construct(target, [own ?? script, ...options], newTarget) as Worker;
      for (const one of watches) one.started?.(worker);
      return worker;
    },
  });
}

function end(watch: WorkerWatch): void {
  watches.delete(watch);
  if (watches.size > 0 || native === undefined) return;
  globalThis.Worker = native;
  native = undefined;
}
