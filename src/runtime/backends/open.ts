import { messageOf } from '../../core/errors.ts';
import { detectWasm, requireWasm } from '../capabilities.ts';
import { getBackend, setBackend } from '../tf.ts';
import { findThreadScript } from '../threadScript.ts';
import { BACKEND, type BackendOptions, type OpenBackend } from './backend.ts';
import { openCpu } from './cpu.ts';
import { openWasm } from './wasm.ts';
import { openWebGpu } from './webgpu.ts';

/** More threads do not make small students faster, and leave none for the page. */
const MOST_THREADS = 4;

/**
 * Opens a tfjs backend on this thread. tfjs has one backend at a time, so dispose an open one first; disposing makes
 * the previous backend current again. If 'webgpu' is asked for and no GPU computes correctly, it is wasm, with a
 * notice. Without WebAssembly SIMD, or with kernels off, training runs on 'cpu': stock wasm cannot train a convolution.
 * Throws    invalid-option · backend-unavailable · wasm-blocked · out-of-memory
 */
export async function openBackendHere(options: BackendOptions = {}): Promise<OpenBackend> {
  const before = getBackend() as string | undefined;
  const restore = () => {
    // Makes a backend that has started current at once, not only when this promise resolves.
    if (before && before !== getBackend()) void setBackend(before);
  };
  try {
    const opened = await open(options);
    const dispose = () => {
      const gone = opened.dispose();
      restore();
      return gone;
    };
    return { ...opened, dispose };
  } catch (error) {
    restore();
    throw error;
  }
}

async function open(given: BackendOptions): Promise<OpenBackend> {
  const options = BACKEND.read(given);
  const { backend, kernels } = options;
  const capabilities = await detectWasm();
  const wanted = options.threads ?? Math.min(MOST_THREADS, capabilities.cores);
  let threads = capabilities.hasThreads ? wanted : 1;
  const notices: string[] = [];
  if (backend === 'webgpu') {
    try {
      return await openWebGpu({ isIsolated: capabilities.isIsolated, assetBase: options.assetBase, notices });
    } catch (error) {
      notices.push(`tfjs runs on wasm, because ${messageOf(error)}`);
    }
  }
  if (backend === 'cpu') notices.push('tfjs runs on its cpu backend, 100 times slower than on the kernels.');
  else if (kernels === 'off') {
    notices.push(
      'Kernels are off. Stock tfjs-wasm cannot train a convolution, so training runs on tfjs’s cpu backend, ' +
        '100 times slower. Stop, and set kernels to "on", unless you are comparing.',
    );
  } else if (capabilities.simdLevel === 'none') {
    notices.push('This engine has no WebAssembly SIMD, so tfjs runs in plain JavaScript.');
  } else if (capabilities.why['threads'] !== undefined && wanted > 1) {
    notices.push(capabilities.why['threads']);
  }
  if (backend === 'cpu' || kernels === 'off' || capabilities.simdLevel === 'none') {
    return openCpu({ isIsolated: capabilities.isIsolated, notices });
  }
  requireWasm();
  if (capabilities.why['relaxed'] !== undefined) notices.push(capabilities.why['relaxed']);
  const script = threads > 1 ? await findThreadScript(options.assetBase) : undefined;
  if (threads > 1 && script === undefined) {
    notices.push(
      'No helper thread starts here, so one thread is used: serve dist/threads.js beside the worker, with the same ' +
        "headers, and allow it in the content security policy (worker-src 'self').",
    );
    threads = 1;
  }
  const simdLevel = options.simdLevel === 'simd' ? 'simd' : capabilities.simdLevel;
  const { isIsolated } = capabilities;
  return openWasm({ threads, script, simdLevel, isIsolated, assetBase: options.assetBase, notices });
}
