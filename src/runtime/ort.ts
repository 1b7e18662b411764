// The one door to onnxruntime-web, opened only when a teacher is loaded.
import { LimbeckError, messageOf } from '../core/errors.ts';
import { assetUrl } from './assets.ts';
import { detectCapabilities, requireWasm } from './capabilities.ts';

export type Ort = typeof import('onnxruntime-web/wasm');
export type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web/wasm';

/** ort starts once per thread; the number of threads it got then is the number it keeps. */
let started: Promise<{ ort: Ort; threads: number; notices: string[] }> | undefined;

/**
 * Loads onnxruntime-web with its WebAssembly files from limbeck's own folder.
 * Throws    backend-unavailable: the package or its files are missing · wasm-blocked
 */
export function startOrt(options: { threads?: number; assetBase?: string }) {
  started ??= start(options).catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  return started;
}

async function start({ threads, assetBase }: { threads?: number; assetBase?: string }) {
  requireWasm();
  const capabilities = await detectCapabilities();
  const wanted = threads ?? Math.min(4, capabilities.cores);
  const used = capabilities.hasThreads ? wanted : 1;
  const notices = used < wanted && capabilities.why['threads'] ? [`Teacher: ${capabilities.why['threads']}`] : [];
  try {
    const ort: Ort = await import('onnxruntime-web/wasm');
    ort.env.wasm.numThreads = used;
    ort.env.wasm.proxy = false;
    ort.env.logLevel = 'error';
    ort.env.wasm.wasmPaths = {
      wasm: assetUrl('ort-wasm-simd-threaded.wasm', assetBase),
      mjs: assetUrl('ort-wasm-simd-threaded.mjs', assetBase),
    };
    return { ort, threads: used, notices };
  } catch (error) {
    throw new LimbeckError(
      'backend-unavailable',
      `onnxruntime-web could not be loaded (${messageOf(error)}). Install it beside limbeck: npm install onnxruntime-web@1.30.0.`,
      { cause: error },
    );
  }
}
