import { LimbeckError, messageOf } from '../../core/errors.ts';
import { filePath, withoutProcessListeners } from '../../core/node.ts';
import { isWithin, rangeText, TFJS_RANGE, VERSIONS } from '../../core/versions.ts';
import { keepingWorkers } from '../../core/watchedWorkers.ts';
import { type AssetName, assetUrl, loadAsset } from '../assets.ts';
import type { SimdLevel } from '../capabilities.ts';
import { heapOf, installKernels } from '../kernels/install.ts';
import * as tf from '../tf.ts';
import type { OpenBackend, StockBackend } from './backend.ts';
import { takeThreadedTfjs } from './threadedTfjs.ts';

/** A start takes a fraction of a second, or a few seconds on a very busy machine. */
const START_MS = 12_000;

/** tfjs's own priority of its wasm backend. */
const TFJS_PRIORITY = 2;

interface WasmOptions {
  readonly threads: number;
  /** The script of the threads; needed for more than one. */
  readonly script: string | undefined;
  readonly simdLevel: SimdLevel;
  readonly isIsolated: boolean;
  readonly assetBase: string | undefined;
  readonly notices: readonly string[];
}

/**
 * tfjs's wasm backend with limbeck's kernels on its heap, which is shared if more than one thread is wanted. tfjs's own
 * code runs on this thread either way: its threaded build always starts eight workers, for operations that the kernels
 * replace, and Chromium never frees a worker that ends before them.
 */
export async function openWasm({
  threads,
  script,
  simdLevel,
  isIsolated,
  assetBase,
  notices,
}: WasmOptions): Promise<OpenBackend> {
  requireTfjs(tf.versionWasm);
  const name = simdLevel === 'relaxed' ? 'kernels-relaxed.wasm' : 'kernels-simd.wasm';
  const bytes = await loadAsset(name, assetBase);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  tf.setThreadsCount(1);
  setPaths({ assetBase, isShared: threads > 1 });
  const factory = tf.findBackendFactory('wasm');
  if (threads > 1) checkSharedHeap();
  await startTfjs();
  const kernels = await installKernels(bytes, threads, { script });
  const backend = tf.backend() as tf.BackendWasm;
  const heap = heapOf(backend);
  const extra = kernels.threads < threads ? [`Only ${kernels.threads} of ${threads} threads started.`] : [];
  return {
    description: {
      backend: 'wasm',
      threads: kernels.threads,
      simdLevel,
      hasKernels: true,
      isIsolated,
      tfjsVersion: tf.version_core,
      notices: [...notices, ...extra],
    },
    damage: () => kernels.damage(),
    heapBytes: () => heap.memory.buffer.byteLength,
    async dispose() {
      const gone = kernels.uninstall();
      // Models of this thread would lose weights that are on the heap, so it stays while it holds any.
      if (backend.numDataIds() === 0) {
        tf.removeBackend('wasm');
        // tfjs forgets the factory of a backend that was removed; the next opening needs it.
        tf.registerBackend('wasm', factory, TFJS_PRIORITY);
      }
      await gone;
    },
  };
}

/**
 * tfjs's wasm backend as it comes, for comparison: none of limbeck's kernels. More than one thread are those of its threaded build, which
 * takes as many as it likes.
 * Throws    backend-unavailable
 */
export async function openStockWasm(threads: number, assetBase: string | undefined): Promise<StockBackend> {
  requireTfjs(tf.versionWasm);
  const isThreaded = threads > 1;
  const threaded = isThreaded ? await takeThreadedTfjs(assetBase) : undefined;
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', isThreaded);
  tf.setThreadsCount(threads);
  setPaths({ assetBase, threaded });
  await keepingWorkers(startTfjs);
  const heap = heapOf(tf.backend() as tf.BackendWasm);
  return {
    threads: isThreaded ? tf.getThreadsCount() : 1,
    heapBytes: () => heap.memory.buffer.byteLength,
    // Its threads would outlive the worker.
    dispose: () => (isThreaded ? tf.removeBackend('wasm') : undefined),
  };
}

/**
 * A shared heap reserves room to grow to 4 GB, and tfjs does not say when there is none.
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

/** Throws    backend-unavailable; details.isLate if tfjs did not answer at all */
async function startTfjs(): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), START_MS);
  });
  const start = withoutProcessListeners(() => tf.setBackend('wasm')).catch((error: unknown) => messageOf(error));
  const answer = await Promise.race([start, late]).finally(() => clearTimeout(timer));
  if (answer === true) return tf.ready();
  const why = {
    late: `it did not answer within ${START_MS / 1000} s`,
    false: "check that its .wasm files are served beside the worker and that 'wasm-unsafe-eval' is allowed",
  };
  throw new LimbeckError(
    'backend-unavailable',
    `tfjs's wasm backend did not start: ${why[String(answer) as keyof typeof why] ?? answer}.`,
    { details: { isLate: answer === 'late' } },
  );
}

/**
 * The WebAssembly of tfjs is in limbeck's package, and limbeck's kernels work on its memory.
 * Throws    backend-unavailable: a version is installed of which it is not known that it has the same
 */
export function requireTfjs(installed: string): void {
  if (isWithin(installed, TFJS_RANGE)) return;
  const needed = rangeText(TFJS_RANGE);
  throw new LimbeckError(
    'backend-unavailable',
    `@tensorflow/tfjs-backend-wasm ${installed} is installed, and limbeck's kernels know the memory of ${needed}: npm install --save-exact ` +
      `@tensorflow/tfjs-backend-wasm@${VERSIONS.tfjs}, and tfjs-core, tfjs-layers and tfjs-backend-cpu of the same version. ` +
      'limbeck\'s own worker needs none of them: leave "worker" out.',
    { details: { installed, needed } },
  );
}

interface Paths {
  readonly assetBase: string | undefined;
  /** Of limbeck's own build with a shared heap. */
  readonly isShared?: boolean;
  /** Of tfjs's threaded build. */
  readonly threaded?: string | undefined;
}

function setPaths({ assetBase, isShared = false, threaded }: Paths): void {
  const pathTo = (name: AssetName) => pathOf(assetUrl(name, assetBase));
  const simd = pathTo(isShared ? 'tfjs-backend-wasm-simd-shared.wasm' : 'tfjs-backend-wasm-simd.wasm');
  try {
    // tfjs needs a path for each of its builds, also for the one that is never started.
    tf.setWasmPaths({
      'tfjs-backend-wasm.wasm': pathTo('tfjs-backend-wasm.wasm'),
      'tfjs-backend-wasm-simd.wasm': simd,
      'tfjs-backend-wasm-threaded-simd.wasm': threaded ?? simd,
    });
  } catch (error) {
    throw new LimbeckError(
      'backend-unavailable',
      `tfjs's wasm backend failed before in this thread (${messageOf(error)}).`,
      { cause: error },
    );
  }
}

/** Node reads files by path, browsers by address. */
function pathOf(url: string): string {
  return filePath(url) ?? url;
}
