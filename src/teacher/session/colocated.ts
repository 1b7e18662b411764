import { remoteSession } from '../../model/startSession.ts';
import { COLOCATION, type Colocated, type Colocation } from '../../workers/colocation.ts';
import type { OnnxSession } from './sessionSettings.ts';
import { SESSION_CALLS, type StartedSession, startSession, type TeacherApi } from './sessionStart.ts';

/** Where the sessions of a teacher that is to be colocated with a trainer start. */
export interface ColocatedStart {
  readonly start: typeof startSession;
  /** Why it is not colocated, as a sentence. */
  readonly notice?: string;
}

/**
 * The first session starts in the trainer's worker, on its GPU; a session that replaces it later has a worker of its own.
 * So has every session where the trainer works on no GPU or has a colocated teacher already, and one on the kernels, as
 * tfjs's backend is at work on the trainer's thread.
 */
export function startColocated(trainer: Colocated, device?: string): ColocatedStart {
  const colocation = trainer[COLOCATION];
  const obstacle =
    colocation?.hasGpu !== true
      ? ', because that trainer does not work on WebGPU'
      : colocation.isTaken
        ? ', because that trainer has a colocated teacher already'
        : device === 'kernels'
          ? ', as the kernels need one'
          : undefined;
  if (colocation === undefined || obstacle !== undefined) {
    return { start: startSession, notice: `The teacher works in a worker of its own${obstacle}.` };
  }
  let isFirst = true;
  return {
    async start(worker) {
      if (!isFirst) return startSession(worker);
      isFirst = false;
      return sessionIn(colocation);
    },
  };
}

function sessionIn(colocation: Colocation): StartedSession & Colocated {
  colocation.isTaken = true;
  let isEnded = false;
  const call = <T>(use: (onnx: OnnxSession) => Promise<T>) => colocation.call<TeacherApi, T>((api) => use(api.onnx));
  const session = remoteSession<OnnxSession>(SESSION_CALLS, call, async () => {
    if (isEnded) return;
    isEnded = true;
    // The worker is the trainer's, and may have ended.
    await call((onnx) => onnx.close()).catch(() => undefined);
    colocation.isTaken = false;
  });
  return { ...session, [COLOCATION]: colocation };
}
