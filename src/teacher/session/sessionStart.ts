import { endWorker } from '../../workers/endWorker.ts';
import type { Host, WorkerOption } from '../../workers/host.ts';
import { startHost } from '../../workers/host.ts';
import type { OnnxSession } from './sessionSettings.ts';

/** The part of the worker that belongs to teachers. */
export interface TeacherApi {
  readonly onnx: OnnxSession;
}

export type StartedSession = Omit<OnnxSession, 'close'> & AsyncDisposable;

/**
 * A session in a worker of its own, or on this thread for 'none'.
 * Throws    worker-unreachable
 */
export async function startSession(worker: WorkerOption): Promise<StartedSession> {
  if (worker !== 'none') return remoteSession(await startHost<TeacherApi>(worker, 'onnx'));
  const { createOnnxSession } = await import('./session.ts');
  const { close, ...session } = createOnnxSession();
  return { ...session, [Symbol.asyncDispose]: close };
}

function remoteSession(host: Host<TeacherApi>): StartedSession {
  return {
    hash: (files) => host.call((api) => api.onnx.hash(files)),
    open: (files, settings, placement) => host.call((api) => api.onnx.open(files, settings, placement)),
    run: (inputs) => host.call((api) => api.onnx.run(inputs)),
    timeMs: (inputs, repeats) => host.call((api) => api.onnx.timeMs(inputs, repeats)),
    measure: (inputs, budgetMs, sizes) => host.call((api) => api.onnx.measure(inputs, budgetMs, sizes)),
    // onnxruntime gives memory back only when its worker ends, and the kernels' threads are sent away before.
    [Symbol.asyncDispose]: () => endWorker(host, (api) => api.onnx.close()),
  };
}
