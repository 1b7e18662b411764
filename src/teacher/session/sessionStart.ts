import { type StartedSession as Started, startSession as start } from '../../model/startSession.ts';
import type { WorkerOption } from '../../workers/host.ts';
import type { OnnxSession } from './sessionSettings.ts';

/** The part of the worker that belongs to teachers. */
export interface TeacherApi {
  readonly onnx: OnnxSession;
}

export type StartedSession = Started<OnnxSession>;

/** What a teacher's session is asked from another thread. */
export const SESSION_CALLS = ['hash', 'open', 'run', 'timeMs', 'measure'] as const;

/**
 * A session in a worker of its own, or on this thread for 'none'.
 * Throws    worker-unreachable
 */
export function startSession(worker: WorkerOption): Promise<StartedSession> {
  return start<OnnxSession>(worker, 'onnx', SESSION_CALLS, async () =>
    (await import('./session.ts')).createOnnxSession(),
  );
}
