// Opens a student in a worker of its own, or on this thread; `openShared.ts` opens it for all tabs.
import { configuredWorker } from '../core/configure.ts';
import { isNode } from '../core/node.ts';
import type { NodeThread } from '../core/nodeThread.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { vouchingFor } from '../core/trustedScripts.ts';
import { bindInputs, fitShape } from '../model/inputs.ts';
import type { OpenedModel } from '../model/model.ts';
import { type StartedSession, startSession } from '../model/startSession.ts';
import type { TfjsSession } from '../model/tfjsSession.ts';
import { ownWorker, type WorkerOption } from '../workers/host.ts';
import type { Engine, EngineModel, EngineName, EngineOptions } from './engine.ts';
import type { RunSession } from './runSession.ts';

/** limbeck's own worker for the engine, one that all tabs of the origin share, none, or one that the caller makes. */
export type EngineWorker = 'shipped' | 'shared' | 'none' | ((engine: EngineName) => Worker | NodeThread);

/** Throws    worker-unreachable · backend-unavailable · wasm-blocked · out-of-memory · invalid-onnx · student-invalid */
export async function openEngine(
  model: EngineModel,
  worker: Exclude<EngineWorker, 'shared'>,
  options: EngineOptions,
): Promise<Engine> {
  const where = workerOf(worker, model.engine);
  const session = await startSession<EngineSession>(where, PARTS[model.engine], ['open', 'run'], () =>
    here(model.engine),
  );
  return opened(model.engine, session, () => session.open(...toOpen(model, options)));
}

/** What both engines' sessions have. */
export interface EngineSession {
  open(...given: ReturnType<typeof toOpen>): Promise<OpenedModel>;
  run(inputs: NamedArrays): Promise<NamedArrays>;
  close(): Promise<void>;
}

export const PARTS = { onnxruntime: 'run', tfjs: 'tfjs' } as const;

async function here(engine: EngineName): Promise<EngineSession> {
  const session =
    engine === 'onnxruntime'
      ? (await import('./runSession.ts')).createRunSession()
      : (await import('../model/tfjsSession.ts')).createTfjsSession();
  return session as EngineSession;
}

/** What a session is opened with. */
export function toOpen(
  model: EngineModel,
  options: EngineOptions,
): Parameters<RunSession['open']> | Parameters<TfjsSession['open']> {
  if (model.engine === 'onnxruntime') return [model.onnx, options];
  return [
    { kind: 'layers', student: { kind: 'artifacts', artifacts: model.artifacts } },
    { ...options, what: 'student' },
  ];
}

export function workerOf(worker: Exclude<EngineWorker, 'shared'>, engine: EngineName): WorkerOption {
  if (typeof worker === 'function') return () => worker(engine);
  if (worker === 'none' || engine === 'tfjs' || isNode()) return worker;
  const own = configuredWorker('runWorker');
  if (typeof own === 'function') return own;
  // One literal expression: bundlers look for exactly this form.
  const make = () =>
    own === undefined ? new Worker(new URL('./runWorker.js', import.meta.url), { type: 'module' }) : ownWorker(own);
  return () => vouchingFor(() => true, make);
}

/** The engine over a session that `open` opens; one that does not open is ended. */
export async function opened(
  name: EngineName,
  session: Pick<StartedSession<EngineSession>, 'run'> & AsyncDisposable,
  open: () => Promise<OpenedModel>,
): Promise<Engine> {
  try {
    const model = await open();
    const fit = (array: NdArray, of: string) => fitShape(array, { name: of, shape: model.inputs[of] ?? [] }, 'student');
    return {
      name,
      opened: model,
      run: async (given) => session.run(bindInputs(given, Object.keys(model.inputs), 'student', fit)),
      [Symbol.asyncDispose]: session[Symbol.asyncDispose],
    };
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}
