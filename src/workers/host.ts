import { releaseProxy, wrap } from 'comlink';
import { configuredAssets, configuredWorker } from '../core/configure.ts';
import { LimbeckError, messageOf } from '../core/errors.ts';
import { isNode } from '../core/node.ts';
import { asWebWorker, type KeepingWorker, type NodeThread, startNodeThread } from '../core/nodeThread.ts';
import { vouchingFor } from '../core/trustedScripts.ts';
import { type WebGpuFiles, webGpuFiles } from '../core/webgpuFiles.ts';
import { holding, registerTransfers } from './transfer.ts';
import { unreachable } from './unreachable.ts';

/**
 * How limbeck gets a worker: its own prebuilt file, which `configure` may have placed, a worker that the caller makes, or none.
 * In Node it is a thread of `node:worker_threads`.
 */
export type WorkerOption = 'shipped' | 'none' | (() => Worker | NodeThread);

/**
 * A worker and what it exposes: objects of functions that give promises. Calls go through `call`, which also fails
 * when the worker dies.
 */
export interface Host<Api> extends AsyncDisposable {
  /**
   * Signals, iterables and callables among the arguments are released when the call ends. A worker that does not answer
   * within 30 s after `signal` was aborted counts as dead.
   */
  call<T>(use: (api: Api) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Resolves when the worker died by itself; never when it was disposed. */
  readonly died: Promise<LimbeckError>;
}

const START_MS = 20_000;
/** Far longer than a step takes on a slow device: a run that is cancelled ends between two steps, and keeps its weights. */
const CANCEL_MS = 30_000;

/** What a worker sends once it listens: the name of the lock that it holds for as long as it lives. */
export interface HelloMessage {
  readonly limbeck: 'ready';
  readonly lock: string | undefined;
  /** The parts that it has. */
  readonly serves?: readonly string[];
}

/** What a worker is told before it is asked for anything, where the page has the files for WebGPU. */
export interface WebGpuMessage {
  readonly limbeck: 'webgpu';
  readonly files: WebGpuFiles;
}

/** What a worker is sent once it listens, where the page has configured the folder of limbeck's files. */
export interface SettingsMessage {
  readonly limbeck: 'settings';
  readonly assets: string;
}

/** The parts of limbeck's workers, and the files that have them. */
const FILES = {
  engine: 'worker.js',
  onnx: 'worker.js',
  tfjs: 'worker.js',
  bench: 'worker.js',
  run: 'runWorker.js',
} as const;

export type WorkerPart = keyof typeof FILES;

/**
 * Starts a worker, waits until it listens, and looks whether it has the part that is needed.
 * A call to a dead worker would stay pending for ever, so every call ends with the worker. The end is
 * noticed by its error event and by a Web Lock that it holds: the lock is released however the worker dies.
 * Throws    worker-unreachable: the script is missing, is no limbeck worker, or is forbidden by the page's policy ·
 *           invalid-option: it is limbeck's worker for something else
 */
export async function startHost<Api>(option: Exclude<WorkerOption, 'none'>, needed: WorkerPart): Promise<Host<Api>> {
  registerTransfers();
  const { worker, address } = makeWorker(option);
  const lifetime = new AbortController();
  let endWith: (error: LimbeckError) => void = () => undefined;
  /** By death or by disposal. */
  const ended = new Promise<LimbeckError>((resolve) => {
    endWith = resolve;
  });
  let dead: LimbeckError | undefined;
  const waiting = new Set<(error: LimbeckError) => void>();
  void ended.then((error) => {
    dead = error;
    worker.terminate();
    for (const reject of waiting) reject(error);
    waiting.clear();
  });
  const hello = await firstMessage(worker, address);
  if (hello.serves?.includes(needed) === false) {
    worker.terminate();
    throw otherWorker(needed, hello.serves);
  }
  const assets = configuredAssets();
  if (assets !== undefined) worker.postMessage({ limbeck: 'settings', assets } satisfies SettingsMessage);
  worker.addEventListener('error', (event) => endWith(workerDied(event.message)));
  worker.addEventListener('messageerror', () => endWith(workerDied('a message could not be read')));
  if (hello.lock !== undefined && navigator.locks !== undefined) {
    navigator.locks
      .request(hello.lock, { signal: lifetime.signal }, () => endWith(workerDied('it ended without a message')))
      .catch(() => undefined);
  }
  const remote = wrap<Api>(worker);
  // A process ends where nothing is asked of its workers, whoever still holds them.
  worker.unref?.();
  let isDisposed = false;
  let told: WebGpuFiles | undefined;
  const tell = () => {
    const files = webGpuFiles();
    if (files === told || files === undefined) return;
    told = files;
    worker.postMessage({ limbeck: 'webgpu', files } satisfies WebGpuMessage);
  };

  return {
    died: ended.then((error) => (error.code === 'disposed' ? new Promise<never>(() => undefined) : error)),
    async call(use, signal) {
      if (isDisposed) throw new LimbeckError('disposed', 'This worker was disposed; nothing more can be asked of it.');
      if (dead !== undefined) throw dead;
      tell();
      const { answer, release } = holding(() => use(remote as unknown as Api));
      let timer: ReturnType<typeof setTimeout> | undefined;
      worker.ref?.();
      const onAbort = () => {
        timer = setTimeout(() => endWith(workerDied(`it did not answer for ${CANCEL_MS / 1000} s`)), CANCEL_MS);
      };
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
      let end: (error: LimbeckError) => void = () => undefined;
      try {
        // A race against a promise that outlives it would keep every answer.
        return await new Promise((resolve, reject) => {
          end = reject;
          waiting.add(end);
          answer.then(resolve, reject);
        });
      } finally {
        waiting.delete(end);
        if (waiting.size === 0) worker.unref?.();
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        release();
      }
    },
    async [Symbol.asyncDispose]() {
      if (isDisposed) return;
      isDisposed = true;
      lifetime.abort();
      remote[releaseProxy]();
      worker.terminate();
      // Calls that are still waiting are rejected, so that none waits for a worker that is gone.
      endWith(new LimbeckError('disposed', 'The worker was disposed while it worked.'));
    },
  };
}

export interface MadeWorker {
  readonly worker: KeepingWorker;
  /** Where its script is, where the engine lets one see it. */
  readonly address: string | undefined;
}

export function makeWorker(option: Exclude<WorkerOption, 'none'>): MadeWorker {
  let address: string | undefined;
  const given = typeof option === 'function' ? option : configuredWorker('worker');
  try {
    if (typeof given !== 'function') {
      // Put together, because bundlers would carry a file that they see.
      const ofNode = import.meta.url.replace(/[^/]*$/, 'nodeWorker.js');
      if (isNode()) return { worker: startNodeThread(ofNode), address: ofNode };
      if (typeof Worker === 'undefined') throw new Error('no worker starts from a service worker or a shared worker');
    }
    // One literal expression: bundlers look for exactly this form.
    const make = () =>
      given === undefined ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }) : ownWorker(given);
    const isOwn = (url: string) => {
      address = url;
      return typeof given !== 'function';
    };
    const made = vouchingFor(isOwn, make);
    return { worker: 'addEventListener' in made ? made : asWebWorker(made), address };
  } catch (error) {
    throw unreachable(messageOf(error), address, error);
  }
}

/** A worker of a configured address, or as a function makes it. Bundlers that look for workers find none to rewrite here. */
export function ownWorker<Made extends Worker | NodeThread>(source: string | (() => Made)): Worker | Made {
  if (typeof source === 'function') return source();
  const { Worker: Start } = globalThis;
  return new Start(source, { type: 'module' });
}

function firstMessage(worker: Worker, address: string | undefined): Promise<HelloMessage> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      stop();
      worker.terminate();
      reject(unreachable(why, address));
    };
    const onMessage = ({ data }: MessageEvent<Partial<HelloMessage> | undefined>) => {
      if (data?.limbeck !== 'ready') return;
      stop();
      resolve(data as HelloMessage);
    };
    const onError = (event: ErrorEvent) => fail(event.message || 'the script could not be loaded');
    const timer = setTimeout(() => fail(`it did not answer within ${START_MS / 1000} s`), START_MS);
    const stop = () => {
      clearTimeout(timer);
      worker.removeEventListener('message', onMessage);
      worker.removeEventListener('error', onError);
    };
    worker.addEventListener('message', onMessage);
    worker.addEventListener('error', onError);
  });
}

function otherWorker(needed: WorkerPart, given: readonly string[]): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    `The "worker" that was given has limbeck's ${given.join(', ')}, and "${needed}" is needed. Make it of the package's ` +
      `dist/${FILES[needed]}, or leave "worker" out.`,
    { details: { needed, given } },
  );
}

function workerDied(why: string): LimbeckError {
  return new LimbeckError(
    'worker-died',
    `limbeck's worker died while it worked (${why || 'no reason was given'}); the page may be out of memory. ` +
      'Start again, with a smaller batch if it happens twice.',
    { details: { why } },
  );
}
