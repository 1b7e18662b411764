import { type StartedSession as Started, startSession as start } from '../../model/startSession.ts';
import type { WorkerOption } from '../../workers/host.ts';
import type { OnnxSession } from './sessionSettings.ts';

/** The part of the worker that belongs to teachers. */
export interface TeacherApi {
  readonly onnx: OnnxSession;
}

export type StartedSession = Started<OnnxSession>;

/**
 * A session in a worker of its own, or on this thread for 'none'.
 * Throws    worker-unreachable
 */
export function startSession(worker: WorkerOption): Promise<StartedSession> {
  return start<OnnxSession>(worker, 'onnx', ['hash', 'open', 'run', 'timeMs', 'measure'], async () =>
    (await import('./session.ts')).createOnnxSession(),
  );
}
