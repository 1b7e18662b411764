import type { Part } from './worker.ts';

/** A worker that plays one of the parts which the pages have. */
export function startWorker(part: Part): Worker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.postMessage(part);
  return worker;
}
