// Where a student runs: in a worker of its own, or on this thread where that is asked for.
import type { NamedArrays } from '../core/shape.ts';
import { vouchingFor } from '../core/trustedScripts.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { endWorker } from '../workers/endWorker.ts';
import { type Host, startHost, type WorkerOption } from '../workers/host.ts';
import { bindInputs } from './bindInputs.ts';
import type { Engine, EngineModel, EngineName, EngineOptions, OpenedEngine } from './engine.ts';
import type { OrtEngine } from './ortEngine.ts';

/** limbeck's own worker for the engine, none, or one that the caller makes. */
export type EngineWorker = 'shipped' | 'none' | ((engine: EngineName) => Worker);

/** Throws    worker-unreachable · backend-unavailable · wasm-blocked · out-of-memory · invalid-onnx · student-invalid */
export async function openEngine(model: EngineModel, worker: EngineWorker, options: EngineOptions): Promise<Engine> {
  const engine = await open(model, worker, options);
  return { ...engine, run: async (given) => engine.run(bindInputs(given, engine.opened.inputs)) };
}

async function open(model: EngineModel, worker: EngineWorker, options: EngineOptions): Promise<Engine> {
  if (model.engine === 'onnxruntime') {
    return worker === 'none' ? openOrtHere(model.onnx, options) : openOrt(model.onnx, worker, options);
  }
  if (worker !== 'none') return openTfjs(model.artifacts, worker, options);
  const { openTfjsHere } = await import('./tfjsHere.ts');
  return openTfjsHere(model.artifacts, options);
}

async function openOrtHere(onnx: Uint8Array, options: EngineOptions): Promise<Engine> {
  const { createOrtEngine } = await import('./ortEngine.ts');
  const engine = createOrtEngine();
  const opened = await engine.open(onnx, options);
  return { name: 'onnxruntime', opened, run: engine.run, end: engine.close };
}

async function openOrt(onnx: Uint8Array, worker: Exclude<EngineWorker, 'none'>, options: EngineOptions) {
  const host = await startHost<{ readonly run: OrtEngine }>(workerOf(worker, 'onnxruntime'), 'run');
  return started(host, 'onnxruntime', {
    open: () => host.call((api) => api.run.open(onnx, options)),
    run: (inputs) => host.call((api) => api.run.run(inputs)),
    close: () => host.call((api) => api.run.close()),
  });
}

/** As much of the shipped worker as is used here; its tfjs part was made for teachers. */
interface TfjsApi {
  readonly tfjs: {
    open(model: object, options: EngineOptions & { readonly what: 'student' }): Promise<OpenedEngine>;
    run(inputs: NamedArrays): Promise<NamedArrays>;
    close(): Promise<void>;
  };
}

async function openTfjs(artifacts: StudentArtifacts, worker: Exclude<EngineWorker, 'none'>, options: EngineOptions) {
  const host = await startHost<TfjsApi>(workerOf(worker, 'tfjs'), 'tfjs');
  const model = { kind: 'layers', student: { kind: 'artifacts', artifacts } };
  return started(host, 'tfjs', {
    open: () => host.call((api) => api.tfjs.open(model, { ...options, what: 'student' })),
    run: (inputs) => host.call((api) => api.tfjs.run(inputs)),
    close: () => host.call((api) => api.tfjs.close()),
  });
}

function workerOf(worker: Exclude<EngineWorker, 'none'>, engine: EngineName): Exclude<WorkerOption, 'none'> {
  if (typeof worker === 'function') return () => worker(engine);
  if (engine === 'tfjs') return 'shipped';
  // One literal expression: bundlers look for exactly this form.
  const make = () => new Worker(new URL('./runWorker.js', import.meta.url), { type: 'module' });
  return () => vouchingFor(() => true, make);
}

interface Calls {
  open(): Promise<OpenedEngine>;
  run(inputs: NamedArrays): Promise<NamedArrays>;
  close(): Promise<void>;
}

async function started(host: Host<unknown>, name: EngineName, { open, run, close }: Calls): Promise<Engine> {
  const end = () => endWorker(host, close);
  try {
    const { threads, inputs, outputs, notices } = await open();
    return { name, opened: { threads, inputs, outputs, notices }, run, end };
  } catch (error) {
    await end();
    throw error;
  }
}
