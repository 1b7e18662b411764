import { type HasWorkplace, NEAR, WORKPLACE, type Workplace } from '../../workers/workplace.ts';
import { type StartedSession, startSession, type TeacherApi } from './sessionStart.ts';

/** Where the sessions of a teacher start that was asked to work beside a trainer. */
export interface BesideStart {
  readonly start: typeof startSession;
  /** Why it does not work there, as a sentence. */
  readonly notice?: string;
}

/**
 * The first session starts in the trainer's worker, on its GPU; one that takes its place later has a worker of its own.
 * Where the trainer works on no GPU, or has a teacher already, all of them have.
 */
export function startBeside(beside: HasWorkplace): BesideStart {
  const workplace = beside[WORKPLACE];
  const obstacle =
    workplace?.hasGpu !== true
      ? 'that trainer does not work on WebGPU'
      : workplace.isTaken
        ? 'that trainer has a teacher beside it already'
        : undefined;
  if (workplace === undefined || obstacle !== undefined) {
    return { start: startSession, notice: `The teacher works in a worker of its own, because ${obstacle}.` };
  }
  let isFirst = true;
  return {
    async start(worker) {
      if (!isFirst) return startSession(worker);
      isFirst = false;
      return sessionIn(workplace);
    },
  };
}

function sessionIn(workplace: Workplace): StartedSession {
  const call = <T>(use: (onnx: TeacherApi['onnx']) => Promise<T>) =>
    workplace.call<TeacherApi, T>((api) => use(api.onnx));
  workplace.isTaken = true;
  let isEnded = false;
  const session = {
    hash: (...args: Parameters<StartedSession['hash']>) => call((onnx) => onnx.hash(...args)),
    open: (...args: Parameters<StartedSession['open']>) => call((onnx) => onnx.open(...args)),
    run: (...args: Parameters<StartedSession['run']>) => call((onnx) => onnx.run(...args)),
    timeMs: (...args: Parameters<StartedSession['timeMs']>) => call((onnx) => onnx.timeMs(...args)),
    measure: (...args: Parameters<StartedSession['measure']>) => call((onnx) => onnx.measure(...args)),
    async [Symbol.asyncDispose]() {
      if (isEnded) return;
      isEnded = true;
      // The worker is the trainer's, and may have ended.
      await call((onnx) => onnx.close()).catch(() => undefined);
      workplace.isTaken = false;
    },
    [NEAR]: workplace,
  };
  return session;
}
