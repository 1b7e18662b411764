import { abortError, throwIfAborted } from '../core/errors.ts';
import { endWorker } from '../workers/endWorker.ts';
import { startHost } from '../workers/host.ts';
import type { BenchSession } from './session/benchSession.ts';
import type { BenchTask } from './session/task.ts';
import type { Subject } from './subject.ts';

/**
 * A task in a worker of its own, as a subject. An abort ends the worker at once.
 * Throws    worker-unreachable · what `open` of the session throws · AbortError
 */
export async function openSubject(task: BenchTask, signal: AbortSignal): Promise<Subject> {
  throwIfAborted(signal);
  const host = await startHost<{ readonly bench: BenchSession }>('shipped', 'bench');
  const kill = () => void host[Symbol.asyncDispose]();
  const end = async () => {
    signal.removeEventListener('abort', kill);
    await endWorker(host, (api) => api.bench.close());
  };
  if (signal.aborted) kill();
  signal.addEventListener('abort', kill, { once: true });
  try {
    const opened = await host.call((api) => api.bench.open(task));
    return {
      ...opened,
      time: (figures, together) => host.call((api) => api.bench.time(figures, together)),
      answer: (which) => host.call((api) => api.bench.answer(which)),
      peakBytes: () => host.call((api) => api.bench.heapBytes()),
      sessionBytes: () => host.call((api) => api.bench.sessionBytes()),
      kill,
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw signal.aborted ? abortError(signal.reason) : error;
  }
}
