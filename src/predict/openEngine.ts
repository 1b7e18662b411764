// Opens a student in a worker of its own, or on this thread.
import { configuredWorker } from '../core/configure.ts';
import { isNode } from '../core/node.ts';
import type { NodeThread } from '../core/nodeThread.ts';
import type { NdArray } from '../core/shape.ts';
import { vouchingFor } from '../core/trustedScripts.ts';
import { bindInputs, fitShape } from '../model/inputs.ts';
import type { OpenedModel } from '../model/model.ts';
import { type StartedSession, startSession } from '../model/startSession.ts';
import type { TfjsSession } from '../model/tfjsSession.ts';
import { ownWorker, type WorkerOption } from '../workers/host.ts';
import type { Engine, EngineModel, EngineName, EngineOptions } from './engine.ts';
import type { RunSession } from './runSession.ts';

/** limbeck's own worker for the engine, none, or one that the caller makes. */
export type EngineWorker = 'shipped' | 'none' | ((engine: EngineName) => Worker | NodeThread);

/** Throws    worker-unreachable · backend-unavailable · wasm-blocked · out-of-memory · invalid-onnx · student-invalid */
export async function openEngine(model: EngineModel, worker: EngineWorker, options: EngineOptions): Promise<Engine> {
  const where = workerOf(worker, model.engine);
  if (model.engine === 'onnxruntime') {
    const session = await startSession<RunSession>(where, 'run', ['open', 'run'], async () =>
      (await import('./runSession.ts')).createRunSession(),
    );
    return opened(model.engine, session, () => session.open(model.onnx, options));
  }
  const session = await startSession<TfjsSession>(where, 'tfjs', ['open', 'run', 'timeMs'], async () =>
    (await import('../model/tfjsSession.ts')).createTfjsSession(),
  );
  const portable = { kind: 'layers', student: { kind: 'artifacts', artifacts: model.artifacts } } as const;
  return opened(model.engine, session, () => session.open(portable, { ...options, what: 'student' }));
}

function workerOf(worker: EngineWorker, engine: EngineName): WorkerOption {
  if (typeof worker === 'function') return () => worker(engine);
  if (worker === 'none' || engine === 'tfjs' || isNode()) return worker;
  const own = configuredWorker('runWorker');
  if (typeof own === 'function') return own;
  // One literal expression: bundlers look for exactly this form.
  const make = () =>
    own === undefined ? new Worker(new URL('./runWorker.js', import.meta.url), { type: 'module' }) : ownWorker(own);
  return () => vouchingFor(() => true, make);
}

async function opened(
  name: EngineName,
  session: Pick<StartedSession<RunSession>, 'run'> & AsyncDisposable,
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
