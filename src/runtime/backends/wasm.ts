import { LimbeckError, messageOf } from '../../core/errors.ts';
import { assetUrl, loadAsset } from '../assets.ts';
import type { SimdLevel } from '../capabilities.ts';
import { heapOf, installKernels } from '../kernels/install.ts';
import * as tf from '../tf.ts';
import type { OpenBackend } from './backend.ts';
import { withThreadScript } from './tfjsThreads.ts';

/** A start takes a fraction of a second; on a very busy machine a few. */
const START_MS = 12_000;

/** What tfjs itself gives its wasm backend where nobody chooses one. */
const TFJS_PRIORITY = 2;

interface WasmOptions {
  readonly threads: number;
  /** From where threads start; needed for more than one. */
  readonly script: string | undefined;
  readonly simdLevel: SimdLevel;
  readonly isIsolated: boolean;
  readonly assetBase: string | undefined;
  readonly notices: readonly string[];
}

/**
 * tfjs's wasm backend with limbeck's kernels on its heap. The threaded build is used only where more than one thread
 * is wanted: its memory is shared, and atomics and its workers cost start-up time.
 */
export async function openWasm({
  threads,
  script,
  simdLevel,
  isIsolated,
  assetBase,
  notices,
}: WasmOptions): Promise<OpenBackend> {
  const name = simdLevel === 'relaxed' ? 'kernels-relaxed.wasm' : 'kernels-simd.wasm';
  const bytes = await loadAsset(name, assetBase);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', threads > 1);
  tf.setThreadsCount(threads);
  setPaths(assetBase);
  const factory = tf.findBackendFactory('wasm');
  if (threads > 1) checkSharedHeap();
  await (script === undefined ? startTfjs() : withThreadScript(script, startTfjs));
  const kernels = await installKernels(bytes, threads, { script });
  const backend = tf.backend() as tf.BackendWasm;
  const heap = heapOf(backend);
  const extra =
    kernels.threads < threads
      ? [`${kernels.threads} of ${threads} threads started, so the others are done without.`]
      : [];
  return {
    description: {
      backend: 'wasm',
      threads: kernels.threads,
      simdLevel,
      hasKernels: true,
      isIsolated,
      notices: [...notices, ...extra],
    },
    hasLostThread: () => kernels.hasLostThread(),
    heapBytes: () => heap.memory.buffer.byteLength,
    dispose() {
      kernels.uninstall();
      // A model of this thread that got its weights here would lose them, so the heap stays as long as it holds any.
      if (backend.numDataIds() === 0) {
        tf.removeBackend('wasm');
        // tfjs forgets how to make a backend that was removed; the next opening needs it again.
        tf.registerBackend('wasm', factory, TFJS_PRIORITY);
      }
    },
  };
}

/**
 * tfjs's threaded build asks for a memory that may grow to 4 GB, and does not say why it failed where there is no room.
 * Throws    out-of-memory
 */
function checkSharedHeap(): void {
  try {
    new WebAssembly.Memory({ initial: 256, maximum: 65_536, shared: true });
  } catch (error) {
    throw new LimbeckError(
      'out-of-memory',
      `There is no room for the shared memory that several threads need (${messageOf(error)}). Set threads to 1.`,
      { cause: error },
    );
  }
}

/** Throws    backend-unavailable; details.isLate where tfjs did not answer at all */
async function startTfjs(): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), START_MS);
  });
  const start = tf.setBackend('wasm').catch((error: unknown) => messageOf(error));
  const answer = await Promise.race([start, late]).finally(() => clearTimeout(timer));
  if (answer === true) return tf.ready();
  const why = {
    late:
      `it did not answer within ${START_MS / 1000} s. A bundle that minifies tfjs breaks its threads: use limbeck's ` +
      'worker, or threads: 1',
    false: "check that its .wasm files are served beside the worker and that 'wasm-unsafe-eval' is allowed",
  };
  throw new LimbeckError(
    'backend-unavailable',
    `tfjs's wasm backend did not start: ${why[String(answer) as keyof typeof why] ?? answer}.`,
    { details: { isLate: answer === 'late' } },
  );
}

function setPaths(assetBase: string | undefined): void {
  const names = [
    'tfjs-backend-wasm.wasm',
    'tfjs-backend-wasm-simd.wasm',
    'tfjs-backend-wasm-threaded-simd.wasm',
  ] as const;
  const paths = Object.fromEntries(names.map((name) => [name, pathOf(assetUrl(name, assetBase))]));
  try {
    tf.setWasmPaths(paths as Record<(typeof names)[number], string>);
  } catch (error) {
    throw new LimbeckError(
      'backend-unavailable',
      `tfjs's wasm backend failed before in this thread (${messageOf(error)}).`,
      {
        cause: error,
      },
    );
  }
}

/** Node reads files by path, browsers by address. */
function pathOf(url: string): string {
  return url.startsWith('file:') ? decodeURIComponent(new URL(url).pathname) : url;
}
