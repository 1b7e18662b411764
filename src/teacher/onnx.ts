import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { checkCount, checkKnownOptions } from '../core/options.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { type Run, startRun } from '../core/run.ts';
import type { NamedArrays } from '../core/shape.ts';
import { type Host, startHost, type WorkerOption } from '../workers/host.ts';
import { fetchModel, type ModelBytes, type ModelSource } from './fetchModel.ts';
import { checkImageInput, type ImageInput } from './imageInput.ts';
import { type ReadOutputs, readOutputs } from './read.ts';
import type { OnnxSession, SessionOptions } from './session.ts';
import type { Teacher, TeacherDescription } from './teacher.ts';

/** How a teacher is fed and read, and where it runs. */
export interface LoadTeacherOptions {
  /**
   * Turns raw outputs into what losses compare; runs on the calling thread. Default: the outputs as they are, and an
   * only output is called 'logits'.
   */
  readonly read?: ReadOutputs;
  /** How images of the dataset become the model's input; the work is done on the teacher's thread. */
  readonly input?: ImageInput;
  /** Default: the cores of the device, 4 at most; 1 where the page is not cross-origin isolated. */
  readonly threads?: number;
  readonly worker?: WorkerOption;
  /** The folder that serves the package's .wasm files; default: beside the code. */
  readonly assetBase?: string;
  /** Name for reports; default: the file's. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/** What the loading of a teacher tells: bytes as they arrive, then that the model is being opened. */
export type LoadEvent =
  | { readonly type: 'load'; readonly loadedBytes: number; readonly totalBytes: number | undefined }
  | { readonly type: 'open'; readonly bytes: number }
  | { readonly type: 'notice'; readonly message: string };

/**
 * Loads an ONNX model as a teacher, in a worker of its own.
 * Throws    model-unreachable · invalid-onnx · worker-unreachable · backend-unavailable · wasm-blocked ·
 *           out-of-memory · invalid-option · AbortError
 *
 * @example
 * const teacher = await loadTeacher('/models/teacher.onnx').done;
 */
export function loadTeacher(source: ModelSource, options: LoadTeacherOptions = {}): Run<Teacher, LoadEvent> {
  return startRun(async (emit, signal) => {
    checkKnownOptions(options, ['read', 'input', 'threads', 'worker', 'assetBase', 'name', 'signal'], 'loadTeacher');
    if (options.threads !== undefined) checkCount(options.threads, 'threads');
    if (options.input !== undefined) checkImageInput(options.input);
    const model = await fetchModel(
      source,
      (loadedBytes, totalBytes) => emit({ type: 'load', loadedBytes, totalBytes }),
      signal,
    );
    if (model.bytes.byteLength === 0) throw new LimbeckError('invalid-onnx', `"${model.name}" is empty.`);
    emit({ type: 'open', bytes: model.bytes.byteLength });
    const { session, description } = await openSession(model, options, emit);
    for (const message of description.notices) emit({ type: 'notice', message });
    if (signal.aborted) {
      await session[Symbol.asyncDispose]();
      throwIfAborted(signal);
    }
    return makeTeacher(session, description, options.read ?? asLogits);
  }, options.signal);
}

/** The part of the worker that belongs to teachers. */
interface TeacherApi {
  readonly onnx: OnnxSession;
}

/** A model with one output is a classifier until "read" says otherwise. */
function asLogits(outputs: NamedArrays): NamedArrays {
  const [only, ...others] = Object.values(outputs);
  return only !== undefined && others.length === 0 ? { [DEFAULT_OUTPUT]: only } : outputs;
}

type Session = Pick<OnnxSession, 'run' | 'timeMs'> & AsyncDisposable;

async function openSession(model: ModelBytes, options: LoadTeacherOptions, emit: (event: LoadEvent) => void) {
  try {
    return await openOnce(model, options, options.threads);
  } catch (error) {
    // Some devices refuse the shared memory of the threaded build but run it on one thread.
    const isMemory = error instanceof LimbeckError && error.code === 'out-of-memory';
    if (!isMemory || options.threads === 1) throw error;
    emit({ type: 'notice', message: 'The teacher did not fit with several threads; it runs on one.' });
    return openOnce(model, options, 1);
  }
}

async function openOnce(
  { name, bytes }: ModelBytes,
  { worker = 'shipped', assetBase, input, name: givenName }: LoadTeacherOptions,
  threads: number | undefined,
): Promise<{ session: Session; description: TeacherDescription }> {
  const settings: SessionOptions = { name: givenName ?? name, threads, assetBase, input };
  if (worker === 'none') {
    const { createOnnxSession } = await import('./session.ts');
    const session = createOnnxSession();
    const description = await session.open(bytes, settings);
    return { session: { ...session, [Symbol.asyncDispose]: () => session.close() }, description };
  }
  const host = await startHost<TeacherApi>(worker);
  try {
    const description = await host.call((api) => api.onnx.open(bytes, settings));
    return { session: remoteSession(host), description };
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

function remoteSession(host: Host<TeacherApi>): Session {
  return {
    run: (inputs) => host.call((api) => api.onnx.run(inputs)),
    timeMs: (inputs, repeats) => host.call((api) => api.onnx.timeMs(inputs, repeats)),
    // onnxruntime gives memory back only when its worker ends.
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

function makeTeacher(session: Session, description: TeacherDescription, read: ReadOutputs): Teacher {
  let isDisposed = false;
  const requireAlive = () => {
    if (isDisposed)
      throw new LimbeckError('disposed', `The teacher "${description.name}" was disposed; load it again.`);
  };
  return {
    description,
    async ask(inputs: NamedArrays, signal?: AbortSignal) {
      requireAlive();
      throwIfAborted(signal);
      const batch = Object.values(inputs)[0]?.shape[0] ?? 0;
      return readOutputs(read, await session.run(inputs), batch);
    },
    async timeMs(inputs, repeats) {
      requireAlive();
      return session.timeMs(inputs, repeats);
    },
    async [Symbol.asyncDispose]() {
      if (isDisposed) return;
      isDisposed = true;
      await session[Symbol.asyncDispose]();
    },
  };
}
