import { LimbeckError } from '../core/errors.ts';
import { later } from '../core/later.ts';
import { given, type OptionsOf, schema } from '../core/schema.ts';
import type { NamedArrays } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';
import type { TokenRequest, TokenStep } from '../core/text/generateTokens.ts';
import { withPeers } from '../core/withPeers.ts';
import { BACKEND, type BackendDescription, type BackendOptions } from '../runtime/backends/backend.ts';
import { smallDevice } from '../runtime/smallDevice.ts';
import type { PortableStudent, Student, StudentDescription } from '../student/student.ts';
import { COLOCATION, type Colocated, type Colocation } from '../workers/colocation.ts';
import { endWorker } from '../workers/endWorker.ts';
import { type Host, startHost, type WorkerOption } from '../workers/host.ts';
import { callable, unpackError } from '../workers/transfer.ts';
import type { TrainBatch } from './batch.ts';
import type { Engine, EngineEvent, MemoryState, TrainJob, TrainOutcome, TrainSource } from './engine.ts';
import type { MeasuredSteps } from './job.ts';

const OPTIONS = schema('openTrainer', {
  ...BACKEND.fields,
  /**
   * 'shipped': limbeck's own worker. 'none': the calling thread, with one thread unless `threads` says more. A function: a
   * worker that you create. Default: 'shipped'.
   */
  worker: given<WorkerOption>(),
});

/** The thread and the backend on which a student is trained. */
export interface TrainerOptions extends BackendOptions, OptionsOf<typeof OPTIONS> {}

/** Trains students: tfjs with kernels, in a worker. It can be used for several runs, one after another. */
export interface Trainer extends AsyncDisposable, Colocated {
  readonly description: BackendDescription;
  check(job: TrainJob, batch: TrainBatch, signal?: AbortSignal): Promise<StudentDescription>;
  train(
    job: TrainJob,
    source: TrainSource,
    emit: (event: EngineEvent) => void,
    signal: AbortSignal,
  ): Promise<TrainOutcome>;
  /** The student's outputs [B, ...] by name for a batch of inputs. */
  predict(student: Student, inputs: NamedArrays): Promise<NamedArrays>;
  /** Lets a language model write on, one step of all texts after the other: see `generate`. */
  generate(
    student: Student,
    request: TokenRequest,
    emit: (step: TokenStep) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Milliseconds of each of `repeats` predictions of the same batch, measured where the student runs. */
  timeMs(student: Student, inputs: NamedArrays, repeats: number): Promise<number[]>;
  memory(): Promise<MemoryState>;
  /** Whether a teacher works in this trainer's worker, on its GPU, so that a job may ask it there (`asksColocatedTeacher`). */
  isColocated(teacher: object): boolean;
}

/** A trainer, and a promise of its death. */
export interface StartedTrainer {
  readonly trainer: Trainer;
  /** Resolves when its worker died by itself; never when it was disposed. */
  readonly died: Promise<unknown>;
}

/**
 * Opens a trainer of your own; dispose it to end its worker and free its memory. Without one, all runs of a page share the
 * page's (`usePageTrainer`), one after the other.
 * Throws    invalid-option · worker-unreachable · backend-unavailable · wasm-blocked · out-of-memory
 */
export async function openTrainer(options: TrainerOptions = {}): Promise<Trainer> {
  return (await startTrainer(options)).trainer;
}

/** Throws what `openTrainer` throws. */
export async function startTrainer(options: TrainerOptions): Promise<StartedTrainer> {
  OPTIONS.read(options);
  const { worker = 'shipped', ...backend } = options;
  if (worker === 'none') return startHere(backend);
  const small = backend.threads === undefined ? smallDevice() : undefined;
  if (small !== undefined) return startInWorker(worker, { ...backend, threads: 1 }, [small]);
  try {
    return await startInWorker(worker, backend);
  } catch (error) {
    if (backend.threads === 1 || !(error instanceof LimbeckError) || !mayStartOnOneThread(error)) throw error;
    const notice = `Training runs on one thread, because several did not start: ${error.message}`;
    return startInWorker(worker, { ...backend, threads: 1 }, [notice]);
  }
}

async function startHere(backend: BackendOptions): Promise<StartedTrainer> {
  const { createEngine } = await withPeers(() => import('./engine.ts'));
  const engine = createEngine();
  // More threads would take cores from the rest of the page, so here the caller decides.
  const description = await engine.open({ ...backend, threads: backend.threads ?? 1 });
  const trainer = makeTrainer(
    description,
    (use) => use(engine),
    () => engine.close(),
  );
  return { trainer, died: new Promise(() => undefined) };
}

/** Some devices refuse shared memory. A worker that stopped half-way cannot be reused, so the second try starts a new one. */
function mayStartOnOneThread({ code, details }: LimbeckError): boolean {
  return code === 'out-of-memory' || details['isLate'] === true;
}

interface EngineApi {
  readonly engine: Engine;
}

const end = (host: Host<EngineApi>) => endWorker(host, (api) => api.engine.close());

async function startInWorker(
  worker: Exclude<WorkerOption, 'none'>,
  backend: BackendOptions,
  notices: readonly string[] = [],
): Promise<StartedTrainer> {
  const host = await startHost<EngineApi>(worker, 'engine');
  try {
    const opened = await host.call((api) => api.engine.open(backend));
    const description = { ...opened, notices: [...opened.notices, ...notices] };
    const callEngine: CallEngine = (use, signal) => host.call((api) => use(api.engine), signal);
    const colocation: Colocation = {
      hasGpu: description.backend === 'webgpu',
      isTaken: false,
      call: (use) => host.call((api) => use(api as never)),
    };
    return { trainer: makeTrainer(description, callEngine, () => end(host), colocation), died: host.died };
  } catch (error) {
    await end(host);
    throw error;
  }
}

/** Whether a trainer is unusable after this error, so that the next run needs another. */
export function isLost(error: unknown): boolean {
  return (
    error instanceof LimbeckError &&
    ['worker-died', 'thread-died', 'out-of-memory', 'backend-unavailable'].includes(error.code)
  );
}

type CallEngine = <T>(use: (engine: Engine) => Promise<T>, signal?: AbortSignal) => Promise<T>;

function makeTrainer(
  description: BackendDescription,
  callEngine: CallEngine,
  close: () => Promise<void>,
  colocation?: Colocation,
): Trainer {
  let isDisposed = false;
  const call: CallEngine = (use, signal) => {
    if (isDisposed) return Promise.reject(new LimbeckError('disposed', 'The trainer was disposed; open another.'));
    return callEngine(use, signal);
  };
  const withPortable = async <T>(
    student: Student,
    use: (engine: Engine, portable: PortableStudent) => Promise<T>,
    signal?: AbortSignal,
  ) => {
    const portable = await student.portable();
    return call((engine) => use(engine, portable), signal);
  };
  return {
    description,
    check: (job, batch, signal) => call((engine) => engine.check(job, batch, signal), signal),
    async train(job, source, emit, signal) {
      const { threadMemory } = await later(import('./threadMemory.ts'));
      const known = { ...source, recallThreads: async (steps: MeasuredSteps) => (await threadMemory(steps)).recall() };
      const outcome = await call((engine) => engine.train(job, callable(known), callable(emit), signal), signal);
      const { stepThreads } = outcome;
      if (stepThreads !== undefined) await (await threadMemory(stepThreads.steps)).remember(stepThreads.figures);
      // An error inside a result would lose its code on the way from a worker, so it is packed.
      const { error } = outcome;
      if (error === undefined || isTagged(error, 'Error')) return outcome;
      return { ...outcome, error: unpackError(error as Parameters<typeof unpackError>[0]) };
    },
    predict: (student, inputs) => withPortable(student, (engine, portable) => engine.predict(portable, inputs)),
    generate: (student, request, emit, signal) =>
      withPortable(student, (engine, portable) => engine.generate(portable, request, callable(emit), signal), signal),
    timeMs: (student, inputs, repeats) =>
      withPortable(student, (engine, portable) => engine.timeMs(portable, inputs, repeats)),
    memory: () => call((engine) => engine.memory()),
    isColocated: (teacher: Colocated) => colocation !== undefined && teacher[COLOCATION] === colocation,
    [COLOCATION]: colocation,
    async [Symbol.asyncDispose]() {
      if (isDisposed) return;
      isDisposed = true;
      await close();
    },
  };
}
